/* What the operations on requests (store.h) are given. */
#ifndef AIC_STORE_STORE_REQUEST_H
#define AIC_STORE_STORE_REQUEST_H

#include <stdint.h>

#include "domain/access_request.h"

/* Of requests and of grants. */
struct request_filter {
	const char *status, *tool_id, *account_id, *issue_key; /* NULL: any */
	const char *kind;                                      /* of requests alone; NULL: any */
};

/* What a request's change carries. Only the members that the event uses are read. */
struct request_change {
	enum request_event event;
	const char *code; /* refuse, cancel */
	const char *reason;
	const char *decided_by;      /* approve, deny */
	int64_t decided_at;          /* 0: now */
	const char *decision;        /* JSON text, approve and deny */
	const char *const *consumed; /* approval or history ids used up by a final request; NULL or NULL-terminated */
};

#endif
