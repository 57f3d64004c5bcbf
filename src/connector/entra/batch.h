/* Graph's $batch: up to twenty requests in one exchange, answered in any order. */
#ifndef AIC_CONNECTOR_ENTRA_BATCH_H
#define AIC_CONNECTOR_ENTRA_BATCH_H

#include <jansson.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/entra/graph_request.h"

#define BATCH_MAX 20

/* What came back for one request, in the order asked. `body` and the fault are borrowed from the batch's answer. */
struct batch_item {
	enum result result; /* RESULT_OK for 2xx alone; RESULT_PROTOCOL if the answer names no such item */
	int status;
	const json_t *body;
	struct graph_fault fault;
	struct error error;
};

/* Performs `count` (1 … BATCH_MAX) requests in one exchange. RESULT_OK whenever the items were answered, one by one or
 * not at all; also where the envelope itself is 424 with items in it. Free *ret_answer in any case, after the last look
 * at the items. */
enum result batch_perform(struct graph_session *session, const struct graph_request *requests, size_t count,
                          struct graph_answer *ret_answer, struct batch_item *ret_items, struct error *error)
    MUST_CHECK;

#define BATCH_CALLS_MAX 4

/* One of several batches that are under way at once. */
struct batch_call {
	struct graph_request requests[BATCH_MAX];
	size_t count; /* 1 … BATCH_MAX */
	/* out */
	enum result result; /* as batch_perform's */
	struct error error;
	struct graph_answer answer;
	struct batch_item items[BATCH_MAX]; /* where the result is RESULT_OK */
};

/* Performs `count` (at most BATCH_CALLS_MAX) batches at once, each with its own result. Nothing is sent while the app
 * is asked to wait. Free each call's answer, after the last look at its items. */
void batch_perform_all(struct graph_session *session, struct batch_call *calls, size_t count);

/* Sorts an envelope's responses by id onto `count` items. Pure. */
void batch_sort(const json_t *envelope, size_t count, int64_t now_ms, struct batch_item *ret_items);

#endif
