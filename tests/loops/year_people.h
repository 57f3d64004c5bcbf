/* The people of the year, and what is promised to them: the model. It is told what people do, never what the service
 * made of it; of the service it takes the instant at which an access began, once, and only if that can be. */
#ifndef AIC_TESTS_LOOPS_YEAR_PEOPLE_H
#define AIC_TESTS_LOOPS_YEAR_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/grant.h"
#include "sim_world.h"

#define YEAR_PEOPLE 220
#define YEAR_BEFORE 10  /* the first so many are in the second group before us */
#define YEAR_HIDDEN 205 /* from this one on Jira does not tell the address */
#define YEAR_DAY_MS (INT64_C(24) * 3600 * 1000)

enum year_wish { YEAR_FILED, YEAR_APPROVED, YEAR_DECLINED, YEAR_REMOVED };

/* How an approval whose time was over went on. */
enum year_end {
	YEAR_RUNS,
	YEAR_HELD,      /* its removal waits for an admin's word */
	YEAR_CANCELLED, /* the word was: no; a person decides */
	YEAR_ENDED
};

struct year_grant {
	char key[16];
	int person, tool, days;
	enum year_wish wish;
	enum year_end end;
	bool by_api;  /* taken away there, which Jira does not know */
	bool asked;   /* a person asked for this removal, or let it go: nothing holds it */
	bool gone;    /* out already, whatever its grant still waits for */
	bool settled; /* it is over, and was seen to be; another may be asked for */
	int64_t settled_at;
	int64_t approved_at; /* in Jira */
	int64_t removed_at;
	int64_t active_at; /* 0: not seen yet */
	int64_t ends_at;
};

struct year_counts {
	uint64_t filed, approved, declined, taken_away, expired, kept_by_two, extended;
	uint64_t held, asked_of_held, released, cancelled, followed_up;
	uint64_t checked, looked, restored, put_in_again, revoked_again;
};

struct year_model {
	struct year_grant *grants;
	size_t count, most;
	int place[YEAR_PEOPLE + 1][WORLD_TOOLS]; /* the present one, from 1; 0: none */
	/* In the group by nobody's approval: before us, or left in by an admin. */
	bool stays[YEAR_PEOPLE + 1][WORLD_GROUPS];
	/* Put in by us, and forgotten with a database: found there, so that a person is asked in the end. */
	bool forgotten[YEAR_PEOPLE + 1][WORLD_GROUPS];
	bool held[WORLD_GROUPS]; /* as the service says */
	struct year_counts counts;
};

extern struct year_model year;

/* At most so many are asked for. */
void year_begin(size_t most);

/* One thing that somebody does; `by_api`: the service can be asked, `in_jira`: the site can. */
void year_act(bool in_jira, bool by_api);
/* Many get the same at once, for the same time. */
void year_join_together(int tool, int people, int days);

/* If it runs: by the API, or in Jira. */
void year_take_away(struct year_grant *grant, bool by_api);
bool year_nothing_is_held(void);

/* The approval stands, and its time is not over; one that has not begun counts. */
bool year_runs(const struct year_grant *grant, int64_t now);
/* Another of the same person keeps the place in the group. `begun`: only one that the service knows. */
bool year_is_kept(const struct year_grant *grant, int64_t now, bool begun);
struct year_grant *year_of_issue(const char *issue_key);
/* The newest grant of the issue as the service has it; false: there is none. */
bool year_read(const struct year_grant *asked, struct arena *arena, struct grant *ret_grant);
/* An admin, or the person, by the API: false if there is no grant yet. */
bool year_revoke(const struct year_grant *asked);

#endif
