/* The one way to Microsoft Graph. */
#ifndef AIC_CONNECTOR_ENTRA_GRAPH_REQUEST_H
#define AIC_CONNECTOR_ENTRA_GRAPH_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/cloud.h"
#include "connector/entra/graph_error.h"
#include "connector/entra/write_budget.h"
#include "http/client.h"

/* What one call through the seam needs for its exchanges. */
struct graph_session {
	const struct connector_environment *environment;
	const struct connector_target *target;
	struct entra_place place;
	struct arena *arena; /* of the call: holds the token */
	int64_t deadline_ms; /* monotonic */
	const char *token;   /* NULL until the first exchange */
	bool past_caches;    /* the connection test: its own token, and no heed to a remembered throttle */
};

enum result graph_session_init(const struct connector_environment *environment, const struct connector_target *target,
                               struct arena *arena, struct graph_session *ret_session, struct error *error) MUST_CHECK;

/* GRAPH_LINK is a PATCH that adds members to a group. GRAPH_UPSERT is a PATCH that creates what is not there (Prefer:
 * create-if-missing). */
enum graph_method { GRAPH_GET, GRAPH_POST, GRAPH_DELETE, GRAPH_LINK, GRAPH_UPSERT };

struct graph_request {
	enum graph_method method;
	const char *path;     /* "/groups/…", below the version root; or NULL and `url` */
	const char *url;      /* from odata_walk_next */
	const char *body;     /* JSON text; NULL: none */
	bool eventual;        /* a $search, which Graph answers from its index alone; never for what a decision stands on */
	struct write_use use; /* what it counts for, if it writes memberships */
	int64_t units;        /* resource units that it costs; 0: what unit_budget_cost says */
	int64_t patience_ms;  /* how long this one exchange may take; 0: ENTRA_CALL_TIMEOUT_MS */
};

/* A body adds so many members at most (Graph: 20 link changes). */
#define GRAPH_LINKS_MAX 20
/* The body of a GRAPH_LINK begins and ends so, and holds links alone: it is checked by these words. */
#define GRAPH_LINKS_BEGIN "{\"members@odata.bind\":["
#define GRAPH_LINKS_END "]}"

/* `body` is NULL if there was none. An answer is good if its status is 2xx. */
struct graph_answer {
	int status;
	json_t *body;
	struct graph_fault fault; /* of a status that is not 2xx; borrowed from body */
	int64_t retry_after_ms;   /* -1: not told */
	int64_t server_time_ms;   /* 0: not told */
	double limit_used;        /* x-ms-throttle-limit-percentage; 0: not told */
	struct connector_trace trace;
};
void graph_answer_done(struct graph_answer *answer);

/* Performs one exchange; asks for a token if there is none yet, and once more with a new token if Graph would not take
 * the one it got. RESULT_OK for 2xx alone. *ret_answer is filled whenever an answer came, also with a failure (the
 * exception to "untouched on failure"): free it in any case. Nothing is sent while the app is asked to wait
 * (graph_throttled). */
enum result graph_perform(struct graph_session *session, const struct graph_request *request,
                          struct graph_answer *ret_answer, struct error *error) MUST_CHECK;

/* Whether anything could be sent now: not asked to wait, and there is a token. Nothing but a token is asked for. */
enum result graph_session_ready(struct graph_session *session, struct error *error) MUST_CHECK;

/* What is said where nothing is sent since the directory asked us to wait; `wait_ms` negative: it did not say how long.
 * Returns RESULT_THROTTLED. */
enum result graph_hold_back(int64_t wait_ms, struct error *error);

/* A new token, after `rejected` was refused; nothing to do if the session has another one by now. */
enum result graph_session_renew(struct graph_session *session, const char *rejected, struct error *error) MUST_CHECK;

/* What waits for a connection uses up its own time: no more than the client opens to one host. */
#define GRAPH_AT_ONCE_MAX 64

/* Several at once (at most GRAPH_AT_ONCE_MAX), GETs and $batches, each with its own result and error (all three arrays
 * hold `count`), under the rules of graph_perform; those whose token was refused are sent again after all were
 * answered, with one new token for them all. Anything but RESULT_OK: nothing was sent, and each has that result and
 * error; so who looks at those need not look at it. */
enum result graph_perform_all(struct graph_session *session, const struct graph_request *requests, size_t count,
                              struct graph_answer *ret_answers, enum result *ret_results, struct error *ret_errors);

/* What is told of the limit by an answer to a request that writes no membership, or by an item of one. */
void graph_note_usage(const struct graph_session *session, int status, double limit_used);

/* The resource units that it costs; a write is one. */
int64_t graph_request_units(const struct graph_request *request);

/* Whether this product may send that at all: GET, a $batch, the three membership writes, and the two ways to create a
 * group, exactly as they are written. Of a GRAPH_LINK the body too (NULL: none) is looked at. */
bool graph_request_is_allowed(enum graph_method method, const char *path, const char *body);

/* The value of x-ms-throttle-limit-percentage, "0.83"; 0 if there is none, or it is no such number. */
double graph_limit_used(const char *value);

const char *graph_method_name(enum graph_method method);

#endif
