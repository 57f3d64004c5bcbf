/* Watched groups and findings from the inside. */
#ifndef AIC_STORE_SQLITE_WATCH_H
#define AIC_STORE_SQLITE_WATCH_H

#include "store/sqlite_work.h"
#include "store/store_watch.h"

/* A change of ours that is younger may not be seen everywhere yet. (facts, section 11: memberships and properties were
 * observed to be behind for up to eleven or twelve minutes; Terraform waits so long for a new group.) */
#define SETTLING_MS (INT64_C(15) * 60 * 1000)

struct watch_row {
	int64_t key;
	const char *connector_id;
	const char *group_id;
	enum watch_phase phase;
	bool walk_full;
	int64_t generation, staging;
	const char *position;
	int64_t since;
	int64_t full_at;
	bool removes; /* this transaction began to take somebody out by itself: the brake has to look */
};

/* By a memberCheck job. */
struct watch_work {
	const struct job *job;
	int64_t watch_key;
	const void *what;
	size_t count;
};

/* The watched group of a job that holds its lease; the write's error says what is wrong. */
enum result watch_load(struct session *session, struct sqlite_write *write, const struct job *job, int64_t watch_key,
                       struct watch_row *ret_watch) MUST_CHECK;
void watch_set_phase(struct session *session, struct watch_row *watch, enum watch_phase phase, const char *position);

/* Compares what is and what was approved for one member: opens findings, closes those that no longer hold. */
void member_compare(struct session *session, struct watch_row *watch, const char *member_id);
/* When a suspect of the group may be looked at next; 0: there is none. */
int64_t suspects_due(struct session *session, const struct watch_row *watch);

struct finding_row {
	struct finding finding;
	int64_t key;
	int64_t grant_key;
	int64_t looks;
};
extern const struct row_type finding_row_type;
extern const struct row_type finding_type; /* the same columns, read into a struct finding */
#define FINDING_COLUMNS                                                                                                \
	"f.finding_key, f.grant_key, f.looks, f.finding_id, f.class, f.status, f.connector_id, (SELECT tenant_id FROM "    \
	"connector c WHERE c.connector_id = f.connector_id), f.group_id, f.tool_id, f.member_id, f.member_kind, (SELECT "  \
	"grant_id FROM access_grant g WHERE g.grant_key = f.grant_key), (SELECT account_id FROM access_grant g WHERE "     \
	"g.grant_key = f.grant_key), f.preexisting, f.code, f.detail, f.found_at, f.resolved_at, f.resolution, "           \
	"f.settled_by_kind, f.settled_by_id, f.reason, f.job_id, f.version"
/* A suspected one is younger than a check: there are few to step over. */
#define FINDING_LIST "SELECT " FINDING_COLUMNS " FROM (SELECT * FROM finding WHERE +status <> 'suspected') f"
enum result finding_get(struct session *session, struct arena *arena, const char *finding_id,
                        struct finding_row *ret_row) MUST_CHECK;
/* Ends it; `actor` NULL: nobody had to decide. */
void finding_resolve(struct session *session, int64_t finding_key, const char *resolution, const struct actor *actor,
                     const char *reason);
/* All that still stands for a connector that is deleted. */
void findings_of_connector_close(struct session *session, const char *connector_id);
/* Starts the removal of a finding's member, who has no grant there, and the finding is being settled. */
void finding_start_removal(struct session *session, const struct actor *actor, const struct finding_row *row,
                           const char *reason, bool unasked, const char *job_id);
/* Who settles it now, why, and by which job. */
void finding_name_settler(struct session *session, const struct actor *actor, int64_t finding_key, const char *reason,
                          const char *job_id);
void finding_record(struct session *session, const struct actor *actor, const struct finding *finding,
                    const char *action, const char *job_id, const char *grant_id);
/* A member who is present, and was just found: taken out if the tool settles by itself, and nobody has to be asked. */
void finding_settle_itself(struct session *session, struct watch_row *watch, const char *finding_id);
/* A held removal of a finding is dropped: it is open, as if nobody had settled it. */
void finding_drop_removal(struct session *session, const struct finding_row *row);
/* The same by an admin who cancels what is held. */
enum result finding_cancel_removal(struct session *session, const struct actor *actor, const char *finding_id)
    MUST_CHECK;
/* Somebody is about to be in that group by a grant: a held removal of theirs is dropped. */
void finding_keep_member(struct session *session, const char *connector_id, const char *group_id,
                         const char *member_id);
/* A removal by a finding, of that member from that group, is under way: not one that is held. */
bool finding_removal_under_way(struct session *session, const char *connector_id, const char *group_id,
                               const char *member_id);
/* By the job that takes a finding's member out: `in` is a grant_change whose event says how it went. */
enum result finding_end_removal(struct session *session, struct sqlite_write *write) MUST_CHECK;
/* Moves a grant within an operation on something else. */
enum result grant_move_also(struct session *session, struct sqlite_write *write, const struct actor *actor,
                            const char *grant_id, const struct grant_change *change) MUST_CHECK;
#endif
