/* One request, from the moment that it is read to the moment that its answer is ready. Knows nothing of the HTTP
 * library: http_server.c fills it, router.c runs it, a test can do both.
 *
 * A handler is a plain synchronous function on a thread of ours. It returns RESULT_OK once an answer is set (also one
 * that refuses), or another result with call->error filled, which the router turns into a problem body. */
#ifndef AIC_SERVER_API_CALL_H
#define AIC_SERVER_API_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"
#include "domain/principal.h"
#include "server/server.h"
#include "server/shape.h"
#include "store/store.h"

struct route;

/* What all calls share. */
struct api_context {
	struct server_options options;
	uint8_t idempotency_key[32];  /* of the HMAC over bodies sent with an Idempotency-Key */
	_Atomic uint64_t answered[6]; /* answers by hundreds of their status */
	_Atomic bool stopping;
	_Atomic bool importing; /* somebody has the turn to send a file */
};
/* Reads (or makes, once) the idempotency key. Copies the options; what they point to is borrowed. */
enum result api_context_init(struct api_context *context, const struct server_options *options, struct error *error)
    MUST_CHECK;

struct call_argument {
	const char *name;
	const char *value;
};

#define CALL_ARGUMENTS_MAX 24
#define CALL_PARAMETERS_MAX 2
#define CALL_HEADERS_MAX 6

/* Headers that mean something to us; one that was sent twice is joined with ", ", which none of them survives. */
struct call_headers {
	const char *authorization;
	const char *content_type;
	const char *if_match;
	const char *idempotency_key;
	const char *hub_signature;
	const char *webhook_identifier;
	const char *automation_token;
};

struct api_call;

/* An answer without a known length: `fill` renders the next piece into `piece` (empty: the end). Runs on a handler
 * thread. */
struct call_stream {
	enum result (*fill)(struct api_call *call, struct text *piece);
	void (*done)(struct api_call *call); /* once, when the answer is over, whole or not; NULL */
	int64_t after;                       /* last sequence number that was given out */
	char after_id[ID_SIZE];              /* last id, of a list that has no numbers; "" at its end */
	bool csv;
	bool started;
};

struct api_call {
	struct api_context *context;
	struct arena *request_arena; /* what came in; lives as long as the call */
	struct arena *arena;         /* the handler's; emptied when a waiting call is run again */
	int64_t arrived_ms;          /* monotonic */

	/* in */
	const char *method; /* HEAD comes as GET */
	const char *path;   /* not decoded */
	struct call_headers headers;
	struct call_argument arguments[CALL_ARGUMENTS_MAX]; /* not decoded */
	size_t argument_count;                              /* beyond the maximum: CALL_ARGUMENTS_MAX + 1 */
	char *body;                                         /* wiped as soon as it is understood */
	size_t body_length;
	bool body_too_large;
	bool admitted;        /* who asks was looked at before the body came */
	bool has_import_turn; /* to be given back with the call */

	/* set by the router */
	const struct route *route;
	const char *parameters[CALL_PARAMETERS_MAX]; /* in the order of the pattern */
	struct principal principal;
	json_t *json;  /* the body; NULL if none was sent */
	json_t *query; /* arguments as an object, validated */
	struct shape_faults *faults;
	struct idempotency idempotency;
	bool idempotent; /* an Idempotency-Key came */

	/* of ?wait= */
	char wait_seen[32]; /* the state at arrival; "" before */
	int64_t wait_until_ms;
	bool wait_over;
	bool park; /* out: nothing changed yet, run me again */

	/* out */
	int status; /* 0: no answer yet */
	const char *content_type;
	const char *answer;
	size_t answer_length;
	struct call_argument answer_headers[CALL_HEADERS_MAX];
	size_t answer_header_count;
	struct call_stream *stream;
	struct error error;
};

void api_call_done(struct api_call *call); /* frees the JSON values; not the arenas nor the body */

/* ---- asking -------------------------------------------------------------------------------------------------------
 */
struct store *call_store(const struct api_call *call) NONNULL_RETURN;
int64_t call_now_ms(const struct api_call *call);
struct actor call_actor(const struct api_call *call);
const char *call_query(const struct api_call *call, const char *name); /* NULL: not given */
/* limit and cursor; RESULT_INVALID with the fault set. */
enum result call_page(struct api_call *call, struct page *ret_page) MUST_CHECK;
/* Members of the body with what stands for a missing one. */
const char *call_text(const struct api_call *call, const char *path, const char *otherwise);
void call_forget_body(struct api_call *call);
/* A commit that leaves work. */
void call_wake_worker(const struct api_call *call);

/* ---- answering: each returns RESULT_OK, or RESULT_NO_MEMORY ---- */
/* `value` is taken. A 200 or 201 object carries its ETag. */
enum result call_answer(struct api_call *call, int status, json_t *value) MUST_CHECK;
/* The object of an action, 200; where work follows by job (job_id not NULL), 202 with jobId added. The tag is the
 * object's own, as its GET gives it. `value` is taken. */
enum result call_answer_job(struct api_call *call, json_t *value, const char *job_id) MUST_CHECK;
/* `items` is taken; `next` is the last key, NULL on the last page. */
enum result call_answer_list(struct api_call *call, json_t *items, const char *next) MUST_CHECK;
/* The cursor of this route's list; NULL on failure. */
const char *call_cursor(struct api_call *call, const char *next);
enum result call_answer_nothing(struct api_call *call) MUST_CHECK; /* 204 */
enum result call_answer_text(struct api_call *call, const char *content_type, const char *text) MUST_CHECK;
void call_answer_header(struct api_call *call, const char *name, const char *value);
/* The strong tag of a representation, as in ETag and If-Match. */
enum result call_entity_tag(struct arena *arena, const char *text, const char **ret_tag) MUST_CHECK;
/* 201 with Location. */
enum result call_answer_created(struct api_call *call, const char *location, json_t *value) MUST_CHECK;
/* A problem body. */
enum result call_refuse(struct api_call *call, int status, const char *code, const char *format, ...)
    MUST_CHECK PRINTF_LIKE(4, 5);
/* The same with one member more, or, `member` NULL, with all members of `value`, which is borrowed. */
enum result call_refuse_with(struct api_call *call, int status, const char *code, const char *member, json_t *value,
                             const char *detail) MUST_CHECK;
/* One fault of the body found by the handler: ends as 422 when it returns RESULT_INVALID. */
enum result call_fault(struct api_call *call, const char *path, const char *code, const char *format, ...)
    MUST_CHECK PRINTF_LIKE(4, 5);
/* The directory or Jira could not answer call->error: 502, 503 with Retry-After, or 504, with its own code. */
enum result call_refuse_remote(struct api_call *call) MUST_CHECK;
/* Reports call->error if `result` is not OK, with the status that fits. */
enum result call_answer_result(struct api_call *call, enum result result) MUST_CHECK;

/* ---- conditions ---- */
/* If-Match against the present representation (borrowed). RESULT_OK and *ret_expected (0: no condition was sent), or
 * RESULT_PRECONDITION with the error set. */
enum result call_match(struct api_call *call, const json_t *present, int64_t version, int64_t *ret_expected) MUST_CHECK;

/* ?wait=: true if the call is to be parked because `state` is still what it was at arrival. */
bool call_should_wait(struct api_call *call, const char *state, bool final);

/* The role is the requester's alone and the object belongs to another account. */
bool call_is_foreign(const struct api_call *call, const char *account_id);

/* ---- creating ---- */
/* Prepares the idempotency record for the store: the answer is rendered before the write. NULL in *ret_record if no key
 * was sent. `value` is borrowed. */
enum result call_first_answer(struct api_call *call, const char *location, const json_t *value,
                              struct idempotency **ret_record) MUST_CHECK;
/* After the write: the first answer if it was a replay, else 201. `value` is taken. */
enum result call_answer_first(struct api_call *call, const char *location, json_t *value) MUST_CHECK;
/* The same where what is created follows by job: 202 with the object and the job's id. */
enum result call_first_answer_job(struct api_call *call, const json_t *value, const char *job_id,
                                  struct idempotency **ret_record) MUST_CHECK;
enum result call_answer_first_job(struct api_call *call, json_t *value, const char *job_id) MUST_CHECK;
/* In the router, before the handler: RESULT_OK with call->status set if a replay was answered. */
enum result call_look_for_replay(struct api_call *call) MUST_CHECK;

#endif
