/* Is the wall clock to be trusted? Whoever takes access away because of the time must ask that first (CONTRACT, rule
 * 9).
 *
 * A running process knows how much time has passed from the monotonic clock: where the wall clock says something else
 * by more than CLOCK_WATCH_TOLERANCE_MS, somebody set it. Across a restart only one thing is certain: time does not go
 * back. An earlier start than the last instant on record is a jump; a later one may be a week in which the service was
 * down, and is left to the limits on numbers.
 *
 * A doubt ends when the clock agrees again with what this process measured, or on an admin's word. A clock that went
 * forward before a restart is doubted until that word: nothing in a new process can show that it was set right. */
#ifndef AIC_DOMAIN_CLOCK_WATCH_H
#define AIC_DOMAIN_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_WATCH_TOLERANCE_MS (INT64_C(5) * 60 * 1000)

enum clock_doubt { CLOCK_TRUSTED, CLOCK_WENT_FORWARD, CLOCK_WENT_BACK, CLOCK_DOUBT_MAX };

/* "" where it is trusted, "wentForward", "wentBack". */
const char *clock_doubt_name(enum clock_doubt doubt);
enum clock_doubt clock_doubt_parse(const char *name); /* unknown: trusted */

/* What a process measures against. All zero at its start. */
struct clock_anchor {
	bool known;
	bool least;     /* the true time is this or later: a start before the last instant on record */
	bool inherited; /* made from a clock that had gone forward before this process: to agree with it shows nothing */
	int64_t wall;
	int64_t monotonic;
};

/* `seen_at`: the last instant on record at which the clock was trusted (0: none); `doubt`: what is on record. Moves the
 * anchor along while all is well. */
enum clock_doubt clock_watch_judge(struct clock_anchor *anchor, int64_t seen_at, enum clock_doubt doubt, int64_t now,
                                   int64_t monotonic);

#endif
