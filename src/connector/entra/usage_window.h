/* How much of a limit "N units in T" is used: a sliding window on our side, so that we stop before the directory says
 * so. Pure. Not thread-safe: its owner locks.
 *
 * What was used counts for the whole span and a second more: the other side saw it later than we sent it. Where the
 * directory turns out to be stricter than documented, the window takes its word, and goes back towards the documented
 * limit by a twentieth a span while nothing is refused. */
#ifndef AIC_CONNECTOR_ENTRA_USAGE_WINDOW_H
#define AIC_CONNECTOR_ENTRA_USAGE_WINDOW_H

#include <stdint.h>

#define USAGE_SLOTS 151

struct usage_window {
	int64_t documented; /* units in a span */
	int64_t limit;      /* what we hold ourselves to: at most documented */
	int64_t span_ms;
	int64_t slot_ms;
	int64_t newest;    /* number of the newest slot since the clock's zero */
	int64_t raised_at; /* when the limit was last moved */
	int64_t used[USAGE_SLOTS];
};

void usage_window_init(struct usage_window *window, int64_t documented, int64_t span_ms, int64_t now_ms);
/* Instants are monotonic; one that lies before the last is taken for the last. */
void usage_window_use(struct usage_window *window, int64_t units, int64_t now_ms);
/* What may be used now while `reserve` units are kept; never below 0. */
int64_t usage_window_room(struct usage_window *window, int64_t reserve, int64_t now_ms);
/* How long until `units` more may be used while `reserve` are kept: 0 for now. More than the limit is taken for the
 * limit. */
int64_t usage_window_wait_ms(struct usage_window *window, int64_t units, int64_t reserve, int64_t now_ms);
/* The directory refused for this limit: what we counted is all that it gives. */
void usage_window_refused(struct usage_window *window, int64_t now_ms);
/* The directory says how much of the limit is used (0.8 and above): where that is more than we know of, somebody else
 * uses it too, or it costs more than we think. */
void usage_window_told(struct usage_window *window, double fraction, int64_t now_ms);

#endif
