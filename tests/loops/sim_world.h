/* The service without its server, on simulated time: the real store, worker, connector and Jira client, driven turn by
 * turn on the test's own thread against the simulated network. Several threads of the worker are played by taking a
 * turn while another one's call is on its way. */
#ifndef AIC_TESTS_LOOPS_SIM_WORLD_H
#define AIC_TESTS_LOOPS_SIM_WORLD_H

#include "store/store_fault.h"
#include "worker/job_turn.h"
#include "worker/scheduler.h"

#define WORLD_START INT64_C(1763884800000) /* 2025-11-23 */
#define WORLD_THREADS 3
#define WORLD_CONNECTORS 2
/* Tool i belongs to connector i % 2 and to group i + 1 of the seed; the last shares the first one's group. */
#define WORLD_TOOLS 5
#define WORLD_GROUPS 4

struct world {
	char directory[64];
	struct store *real;  /* for the test itself: never fails on purpose */
	struct store *store; /* the same one, for the service */
	struct audit_key *key;
	struct audit_signer signer;
	struct connector_environment environment;
	struct jira *jira;
	struct worker_options options;
	struct circuit circuit;
	struct lease_slot slots[WORLD_THREADS];
	char holders[WORLD_THREADS][32];
	bool at_work[WORLD_THREADS];
	int depth; /* turns under way, one within the other */
	struct scheduler scheduler;
	int sweep_seconds, check_seconds; /* for the next start */
	bool lose_events;                 /* Jira's webhooks do not arrive */
	bool dead; /* the process has ended, as far as anybody outside can tell: world_turn starts it again */
	int runs;
};

extern struct world world;
extern const struct actor world_admin;

/* The process, once: its memory, the sandbox. */
void world_begin(void);
void world_end(void);

/* A new database with connectors, tools, groups and intake as the guide says. */
void world_open(void);
void world_close(void); /* and forgets the database */
/* The service ends; starts; both. Between the two there is no store, and no turn is taken. */
void world_stop(void);
void world_start(void);
void world_restart(void);
/* A copy of the database file; and back to that copy, while tenant, site and time are what they are. The service is
 * stopped for either. */
void world_copy_database(void);
void world_restore_database(void);
/* It ends here and now, wherever it is: nothing that it still does has any effect. */
void world_die(void);
/* Database, tenant and site as they are now; and back to that. */
void world_keep(void);
void world_put_back(void);

/* The events that Jira has to tell arrive, and what time asks for is done; then thread `at` takes a turn. False:
 * nothing is due for it, for *ret_delay_ms. */
bool world_turn(int at, int64_t *ret_delay_ms);
/* Nothing is left to do but what comes round for ever, and what is held for an admin. */
bool world_is_quiet(void);
/* Turns until nothing is left to do but what comes round for ever. False: `limit_ms` were over first. */
bool world_settle(int64_t limit_ms);
/* What is left to do, for a person. */
void world_print_open_jobs(void);

const char *world_tool_name(int tool); /* as in the field in Jira */
const char *world_group_id(int tool);
/* Person 1 is user001 of the seed. */
void world_user_id(int person, char ret_id[40]);

/* In Jira: gives the key of the issue. */
void world_file(int person, int tool, int days, char ret_key[16]);
void world_approve(const char *issue_key);
void world_decline(const char *issue_key);
/* Moves it to "Access removed"; false: its status does not allow that. */
bool world_take_away(const char *issue_key);

/* The sequence and signatures of the audit trail hold: NULL, or what is wrong. */
const char *world_audit_fault(struct arena *arena);

#endif
