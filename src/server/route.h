/* The table of routes: the one place that says what the API is. The router, the role check, body and query validation,
 * OpenAPI, and the test of every route against every role are read off it. How to add one: docs/adding-a-route.md. */
#ifndef AIC_SERVER_ROUTE_H
#define AIC_SERVER_ROUTE_H

#include <stddef.h>

#include "base/result.h"
#include "domain/principal.h"
#include "server/api_call.h"
#include "server/shape.h"

enum route_pool {
	ROUTE_QUICK,   /* reads and writes the store */
	ROUTE_WAITING, /* asks Graph or Jira: up to 22 s */
};

enum route_answer {
	ROUTE_OBJECT,   /* one object: carries an ETag */
	ROUTE_LIST,     /* {items,nextCursor} of `response` */
	ROUTE_NOTHING,  /* 204 */
	ROUTE_TEXT,     /* not JSON */
	ROUTE_DOCUMENT, /* JSON that is no object of ours */
};

enum route_flag {
	ROUTE_CREATES = 1 << 0,       /* takes an Idempotency-Key */
	ROUTE_CONDITIONAL = 1 << 1,   /* honours If-Match */
	ROUTE_BODY_OPTIONAL = 1 << 2, /* an action whose fields are all optional */
	ROUTE_RAW = 1 << 3,           /* the handler reads the body itself: signatures are over bytes */
	ROUTE_CSV = 1 << 4,           /* the body is a file in text/csv: one at a time, and only from who may send it */
};

#define ROUTE_STATUS_MAX 8

struct route {
	const char *method;
	const char *pattern; /* "/api/v1/connectors/{connectorId}" */
	unsigned roles;      /* 0: anyone, without a token */
	enum route_pool pool;
	enum route_answer answer;
	unsigned flags;
	size_t body_limit;
	const struct shape *request; /* NULL: no body */
	const struct shape *query;   /* NULL: no arguments */
	const struct shape *response;
	const struct shape *preview; /* what ?dryRun=true is answered with instead; NULL: the same */
	const char *media[2];        /* of ROUTE_TEXT; text/plain if it names none */
	int success[3];
	int problems[ROUTE_STATUS_MAX]; /* beside those that every route may give */
	const char *operation;          /* operationId */
	const char *summary;
	enum result (*handle)(struct api_call *call);
};

const struct route *route_table(size_t *ret_count) NONNULL_RETURN;

#endif
