/* How much of a limit "N units in T" is used: a sliding window on our side, so that we stop before the directory says
 * so. Pure. Not thread-safe: its owner locks. What was used counts for the whole span and a second more: the other side
 * saw it later than we sent it. */
#ifndef AIC_CONNECTOR_ENTRA_USAGE_WINDOW_H
#define AIC_CONNECTOR_ENTRA_USAGE_WINDOW_H

#include <stdint.h>

#define USAGE_SLOTS 151

struct usage_window {
	int64_t limit; /* units in a span */
	int64_t slot_ms;
	int64_t newest; /* number of the newest slot since the clock's zero */
	double used[USAGE_SLOTS];
};

void usage_window_init(struct usage_window *window, int64_t limit, int64_t span_ms, int64_t now_ms);
/* Instants are monotonic; one that lies before the last is taken for the last. */
void usage_window_use(struct usage_window *window, double units, int64_t now_ms);
double usage_window_used(struct usage_window *window, int64_t now_ms);
/* What may be used now while `reserve` units are kept; never below 0. */
int64_t usage_window_room(struct usage_window *window, int64_t reserve, int64_t now_ms);
/* How long until `units` more may be used while `reserve` are kept: 0 for now. More than the limit is taken for the
 * limit. */
int64_t usage_window_wait_ms(struct usage_window *window, int64_t units, int64_t reserve, int64_t now_ms);
/* Part of what `window` counts was noted in `part` too, which was set up at the same time with the same span: that part
 * turns out to have cost so many times what was thought. */
void usage_window_scale_part(struct usage_window *window, struct usage_window *part, double factor, int64_t now_ms);

#endif
