/* The brake on removals that nobody asked for, inside a transaction (sqlite_brake.c). */
#ifndef AIC_STORE_SQLITE_BRAKE_H
#define AIC_STORE_SQLITE_BRAKE_H

#include "store/sqlite_work.h"

/* A grant `o` that keeps its user in the group at the instant `now`: one whose time is over does not, though nobody has
 * ended it yet. */
#define BRAKE_KEEPS(o, now)                                                                                            \
	"(" o ".status = 'pendingProvision' OR (" o ".status = 'active' AND (" o ".expires_at = 0 OR " o                   \
	".expires_at > " now ")) OR (" o ".status = 'manualFollowUp' AND " o ".follow_up_action = 'provision'))"
#define BRAKE_OTHER(g)                                                                                                 \
	"o.connector_id = " g ".connector_id AND o.group_id = " g ".group_id AND o.grant_key <> " g ".grant_key"
/* What ends with `g` is no removal: another grant keeps the user in the group. Two questions, so that each has its
 * index. */
#define BRAKE_KEPT(g, now)                                                                                             \
	"(EXISTS (SELECT 1 FROM access_grant o WHERE " BRAKE_OTHER(                                                        \
	    g) " AND o.external_user_id = " g                                                                              \
	       ".external_user_id AND " BRAKE_KEEPS("o", now) ") OR EXISTS (SELECT 1 FROM access_grant o "                 \
	                                                      "WHERE " BRAKE_OTHER(                                        \
	                                                          g) " AND o.account_id = " g                              \
	                                                             ".account_id AND o.external_user_id IS NULL "         \
	                                                             "AND " BRAKE_KEEPS("o", now) "))"

/* Looks whether the group's unasked removals are to be held, after one or many were added to them. Once a transaction
 * and group is enough. */
void brake_review(struct session *session, const char *connector_id, const char *group_id);
/* The same, after a grant ended: the group became smaller. `job_key`: the job that ended it; 0: none. */
void brake_review_smaller(struct session *session, const struct grant *grant, int64_t job_key);
/* A person asked for what is held of this grant, if anything is: it goes on. */
void brake_ask(struct session *session, const struct actor *actor, const struct grant_row *row);
/* The same for the removal of one who has no grant there, by its job. */
void brake_ask_for_job(struct session *session, const char *connector_id, const char *group_id, const char *job_id);
/* Whether this removal is held. */
bool brake_holds(struct session *session, const char *job_id);
/* A held removal that is not to be any more: its job is cancelled. */
void brake_drop(struct session *session, const char *connector_id, const char *group_id, const char *job_id);
/* A new grant keeps its user in the group: what is held of them is no removal any more. */
void brake_keep(struct session *session, const struct grant *grant);

#endif
