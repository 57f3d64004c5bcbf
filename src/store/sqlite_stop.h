/* Stops, inside a transaction (sqlite_stop.c). */
#ifndef AIC_STORE_SQLITE_STOP_H
#define AIC_STORE_SQLITE_STOP_H

#include "store/sqlite_work.h"

/* The grant came to that state by this event: the stops that cover it count it so. */
void stop_note(struct session *session, int64_t grant_key, enum grant_event event, enum grant_status to);
/* No request for it may be approved now. */
bool tool_is_stopped(struct session *session, const char *tool_id);
/* A request, a grant or a mapping is about this account. */
bool person_is_known(struct session *session, const char *account_id);

#endif
