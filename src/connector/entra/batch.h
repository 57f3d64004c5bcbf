/* Graph's $batch: up to twenty requests in one exchange, answered in any order. */
#ifndef AIC_CONNECTOR_ENTRA_BATCH_H
#define AIC_CONNECTOR_ENTRA_BATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/result.h"
#include "base/text.h"
#include "connector/entra/graph_request.h"

#define BATCH_MAX 20

/* What came back for one request, in the order asked. `body` and the fault are borrowed from the batch's answer. */
struct batch_item {
	enum result result; /* RESULT_OK for 2xx alone; RESULT_PROTOCOL if the answer names no such item */
	int status;
	const json_t *body;
	struct graph_fault fault;
	struct error error;
	double limit_used;            /* as in graph_answer */
	struct connector_trace trace; /* its own request-id, or that of the whole exchange */
};

/* The request that asks them all; its body is written into `body`. One after another, each only if the one before it
 * was done (else 424), or, not chained, in any order and at once. RESULT_INVALID for one that this product does not
 * send. */
enum result batch_write(const struct graph_request *requests, size_t count, bool chained, struct text *body,
                        struct graph_request *ret_request, struct error *error) MUST_CHECK;

/* The items of an exchange's answer; `result` and `error` are those of the exchange. Remembers a wait that an item was
 * told. As batch_perform. */
enum result batch_read(const struct graph_session *session, const struct graph_answer *answer, enum result result,
                       size_t count, struct batch_item *ret_items, struct error *error) MUST_CHECK;

/* Performs `count` (1 … BATCH_MAX) requests in one exchange. RESULT_OK whenever the items were answered, one by one or
 * not at all; also where the envelope itself is 424 with items in it. Free *ret_answer in any case, after the last look
 * at the items. */
enum result batch_perform(struct graph_session *session, const struct graph_request *requests, size_t count,
                          struct graph_answer *ret_answer, struct batch_item *ret_items, struct error *error)
    MUST_CHECK;

/* After a failed batch_perform: the exchange was refused as such, or answered by something that cannot be read; its
 * requests may do one by one. */
bool batch_is_refused(const struct graph_answer *answer, enum result result);

#define BATCH_CALLS_MAX 20

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

/* One request by itself, answered as an item is. Free *ret_answer after the last look at it. */
void batch_perform_single(struct graph_session *session, const struct graph_request *request,
                          struct graph_answer *ret_answer, struct batch_item *ret_item);

/* Hears of each of many requests. `item` is its answer, borrowed; NULL: the exchange that it was in was refused as
 * such, so that it may do by itself. */
struct batch_listener {
	void (*hear)(void *context, size_t request, struct batch_item *item);
	void *context;
};

/* Performs any number of requests, as many together as can be, and tells of each once, in their order. A single one
 * goes out without a batch. Once a whole round of exchanges got no answer, or Graph asks the app to wait, what is left
 * is not sent and fails for that. */
void batch_perform_each(struct graph_session *session, const struct graph_request *requests, size_t count,
                        const struct batch_listener *listener);

/* Sorts an envelope's responses by id onto `count` items. Pure. */
void batch_sort(const json_t *envelope, size_t count, int64_t now_ms, struct batch_item *ret_items);

#endif
