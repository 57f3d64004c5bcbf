/* What a membership job knows between its attempts: a change was sent, and is not seen yet. Private to worker/. */
#ifndef AIC_WORKER_MEMBERSHIP_PROGRESS_H
#define AIC_WORKER_MEMBERSHIP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"

struct membership_progress {
	bool wrote;                   /* the directory accepted the change */
	bool sent;                    /* a removal was accepted, or its answer was lost */
	bool unsent;                  /* an addition is written down as meant, and nothing was sent under that word */
	int64_t since;                /* when it first did */
	int checks;                   /* reads since then that did not show it */
	struct connector_trace trace; /* of the last write */
};

/* NULL, or a text that is not ours, is a beginning. */
void membership_progress_read(const char *text, struct membership_progress *ret_progress);
/* NULL on failure. */
const char *membership_progress_write(const struct membership_progress *progress, struct arena *arena);

/* How long to wait before looking again: 250 ms, 500 ms, 1 s … 15 s. */
int64_t membership_progress_delay_ms(const struct membership_progress *progress);
/* Whether the next attempt shall send the change again: each fourth time. */
bool membership_progress_repeat_is_due(const struct membership_progress *progress);
/* The directory accepted it a quarter of an hour ago and still does not show it. */
bool membership_progress_is_hopeless(const struct membership_progress *progress, int64_t now);

#endif
