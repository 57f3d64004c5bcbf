/* What the operations on stops (store_stop.inc) are given and give. */
#ifndef AIC_STORE_STORE_STOP_H
#define AIC_STORE_STORE_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/grant.h"
#include "domain/stop.h"

struct stop_order {
	enum stop_kind kind;
	const char *subject; /* the tool's id, or the person's account id */
	const char *reason;  /* NULL: none */
};

/* What a stop would do now. total = removed + kept + failed. */
struct stop_preview {
	int64_t total;    /* open grants */
	int64_t removed;  /* whose user would leave */
	int64_t kept;     /* whose user another grant, which is not among these, keeps in the group */
	int64_t failed;   /* whose user was in the group before us: needs a person */
	int64_t requests; /* pending: of a person cancelled, of a tool refused once they are approved */
};

struct stop_filter {
	enum stop_kind kind;
	const char *subject;
	bool preview;        /* whom a stop would cover now; else whom the last one covered */
	const char *outcome; /* of the last one: only these; NULL: all */
};

/* One grant that a stop covers. */
struct stop_item {
	const char *grant_id, *tool_id;
	const char *account_id, *connector_id, *group_id, *external_user_id; /* NULL */
	enum grant_status status;
	const char *outcome; /* "waiting" "leaving" "removed" "kept" "failed"; of a preview the last three */
	const char *kept_by_grant_id, *kept_by_tool_id; /* of "kept": who keeps them now; NULL: nobody any more */
};

#endif
