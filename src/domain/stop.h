/* A stop: all access to one tool, or all of one person, taken away at once by an admin; one incident with its progress.
 */
#ifndef AIC_DOMAIN_STOP_H
#define AIC_DOMAIN_STOP_H

#include <stdint.h>

enum stop_kind { STOP_TOOL, STOP_PERSON };

/* total = done + kept + failed + those who are still on their way out. */
struct stop {
	int64_t stopped_at;
	const char *actor_kind, *actor_id;
	const char *reason; /* NULL: none was given, or it was erased */
	int64_t total;
	int64_t done;   /* their access has ended, and they are in the group no longer */
	int64_t kept;   /* the same, but another grant keeps them in the group, or an admin left them there */
	int64_t failed; /* a manual follow-up */
};

#endif
