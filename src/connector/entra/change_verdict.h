/* What an answer means for the block that it was given to. Pure. */
#ifndef AIC_CONNECTOR_ENTRA_CHANGE_VERDICT_H
#define AIC_CONNECTOR_ENTRA_CHANGE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "connector/entra/batch.h"

enum verdict_kind {
	VERDICT_DONE,
	VERDICT_WAIT,       /* asked to wait: nothing was written, and nothing more is to be sent */
	VERDICT_NOT_SENT,   /* for certain */
	VERDICT_UNKNOWN,    /* it may have been written */
	VERDICT_APP,        /* the app itself is refused */
	VERDICT_TOKEN,      /* with a new token it may do */
	VERDICT_DEPENDENT,  /* not tried, since the one before it failed */
	VERDICT_BUSY,       /* somebody else is writing to the group: later */
	VERDICT_NO_BATCH,   /* the batch was refused as such, whatever was in it */
	VERDICT_SETTLE,     /* it stands alone: what was refused is known, why can be asked */
	VERDICT_GROUP,      /* the answer itself says what is wrong with the group */
	VERDICT_PROBE,      /* something is wrong with group or app, or it is not sure: one of the block shows what */
	VERDICT_SINGLE_OUT, /* the answer names the one that is at fault */
	VERDICT_HALVE,      /* one of them is at fault */
};

struct verdict_question {
	const struct batch_item *answer;
	bool of_exchange;            /* the answer of a whole $batch, which says nothing about one of its items */
	bool renewed;                /* a new token was tried already */
	const char *const *user_ids; /* of the block */
	size_t count;
	const char *group_id;
};

/* *ret_place: whom VERDICT_SINGLE_OUT names. */
enum verdict_kind change_verdict(const struct verdict_question *question, size_t *ret_place);

#endif
