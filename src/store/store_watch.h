/* What the operations on watched groups and findings (store.h) are given.
 *
 * A check of a group goes: WALK (pages of the directory are taken in), then what they say is worked in, APPLY (changes)
 * or COMPARE and FINDINGS (everybody), then GRANTS (what changed on our side), CONFIRM (suspects wait for a second
 * look), DROP, IDLE. Every step is a short transaction that leaves the next one to do, so that a check goes on where it
 * was, whatever ended it. Until a walk is over nothing of it shows. */
#ifndef AIC_STORE_STORE_WATCH_H
#define AIC_STORE_STORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/finding.h"
#include "domain/job.h"

enum watch_phase {
	WATCH_IDLE,
	WATCH_WALK,
	WATCH_APPLY,
	WATCH_COMPARE,
	WATCH_FINDINGS,
	WATCH_GRANTS,
	WATCH_CONFIRM,
	WATCH_DROP,
	WATCH_PHASE_MAX
};

/* A bound group, as far as its check is. */
struct group_watch {
	int64_t key;
	const char *group_id;
	const char *display_name; /* as its tool has it; NULL */
	enum watch_phase phase;
	const char *delta_link; /* where the next walk begins; NULL: at the beginning */
	const char *walk_link;  /* where the one under way goes on; NULL: with its first page */
	bool walk_full;         /* and that it is one from the beginning */
	int64_t walk_pages;     /* read by it so far */
	int64_t walk_began_at;  /* of the last walk, whatever became of it; 0: none */
	int64_t walked_at;      /* when the last one that came to its end began; 0: none */
	int64_t checked_at;     /* when the last check ended well; 0: none */
	int64_t full_at;        /* when the last walk from the beginning was worked in; 0: none */
	int64_t tried_at;       /* when the last check ended, well or not */
	const char *code;       /* what it came to; NULL: none ended yet */
	const char *detail;     /* NULL */
};

/* A page of a walk. */
struct watch_page {
	int64_t watch_key;
	bool begins; /* the first: what an earlier walk collected and never ended is dropped */
	bool full;   /* of a walk from the beginning */
	const struct member_change *changes;
	size_t count;
	const char *next;   /* NULL: the last page, and */
	const char *resume; /* the next walk's beginning */
};

struct watch_step {
	enum watch_phase phase; /* after the step */
	bool more;              /* there is more to do now: call again */
	int64_t look_at;        /* CONFIRM: when a suspect may be looked at; 0: none is left */
	int64_t members;        /* CONFIRM: how many are in the group, as far as it matters: at most a million */
};

/* Somebody who has to be looked at again before it is said. */
struct watch_suspect {
	const char *finding_id;
	enum finding_class class;
	const char *member_id;
	/* in, for watch_confirm */
	bool member; /* what the look said */
};

struct watch_end {
	int64_t watch_key;
	const char *code;   /* of the group, or of the failure */
	const char *detail; /* NULL */
	bool failed;        /* else the check of this group is done */
	bool begin_anew;    /* what the walk collected is of no use; the link of the last walk that ended stays */
	bool forget;        /* that link is of no use either: the next walk lists everybody */
};

struct finding_filter {
	const char *status, *class, *tool_id, *connector_id; /* NULL: any */
};

/* What an admin decides about a finding. */
struct finding_order {
	enum finding_action action;
	const char *reason;
	int64_t expected_version; /* 0: any */
	/* ADOPT */
	const char *account_id;
	const char *tool_id;    /* NULL: the one tool that the group controls */
	int duration_days;      /* 0: the tool's default */
	const char *decided_by; /* the admin's account */
	const char *decision;   /* JSON text */
};

#endif
