/* The brake on removals that nobody asked for one by one (CONTRACT, rule 9). */
#ifndef AIC_DOMAIN_REMOVAL_BRAKE_H
#define AIC_DOMAIN_REMOVAL_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to so many of one group within the window go out, however small the group. */
#define REMOVAL_BRAKE_FEW 20
/* More than one in so many of the group does not. */
#define REMOVAL_BRAKE_PART 5
#define REMOVAL_BRAKE_WINDOW_MS (INT64_C(3600) * 1000)

/* Whether so many removals from a group of so many members wait for an admin: over both limits. `members` counts those
 * who are removed, too. */
bool removal_brake_holds(int64_t removals, int64_t members);
/* From so many members on, so many removals are not over a fifth: nobody needs to count further. */
int64_t removal_brake_enough_members(int64_t removals);

enum removal_reason {
	REMOVAL_TOO_MANY,   /* over both limits */
	REMOVAL_CLOCK_JUMP, /* the clock is not to be trusted, and with it no expiry */
	REMOVAL_REASON_MAX
};

const char *removal_reason_name(enum removal_reason reason); /* "tooMany" | "clockJump" */

/* The held removals of a connector, as one incident. */
struct held_group {
	const char *group_id;
	const char *reason; /* a name of enum removal_reason */
	int64_t since;
	int64_t count;
};

struct held_removals {
	struct held_group *groups; /* the longest held first */
	size_t group_count;
	int64_t count; /* over all groups */
	int64_t since; /* of the first */
};

#endif
