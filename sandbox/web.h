/* Requests and replies, apart from the HTTP server that carries them: web.c is the one file that includes microhttpd.h.
 */
#ifndef AIC_SANDBOX_WEB_H
#define AIC_SANDBOX_WEB_H

#include "sandbox.h"

#define WEB_SEGMENTS 12

struct request {
	struct arena *arena;
	const char *method;
	const char *path;                  /* decoded, without the query */
	const char *segment[WEB_SEGMENTS]; /* decoded one by one, so that %2F stays inside its segment */
	size_t segments;
	json_t *query;   /* decoded name -> value */
	json_t *headers; /* lower-case name -> value */
	json_t *kept;    /* owned array: values that have to live as long as the request */
	const char *body;
	size_t length;
	const char *origin; /* scheme://host as the caller wrote it */
	bool batched;
	int64_t received_ms; /* when it was whole, before any latency; 0: with the request that it is part of */
};

enum reply_transport { REPLY_WHOLE, REPLY_RESET, REPLY_TRUNCATED };

struct reply {
	int status;
	json_t *json;             /* owned; or */
	const char *text;         /* in the request's arena */
	const char *content_type; /* of text */
	json_t *headers;          /* owned */
	const char *permission;   /* what the call needed, for the request log */
	const char *request_id;
	enum reply_transport transport;
};

typedef void web_handler(struct sandbox *sandbox, struct request *request, struct reply *reply);

/* Splits and decodes a request target into path, segments and query; false if it is malformed. */
bool request_read_target(struct request *request, const char *target);
/* application/x-www-form-urlencoded, of a query or a body; NULL if malformed. The caller owns it. */
json_t *request_read_form(struct arena *arena, const char *form, size_t length);
/* Whether the segments fit a pattern such as "groups/{}/members"; what stands at {} goes into `parameters`. */
bool path_fits(const char *pattern, const char *const *segments, size_t count, const char **parameters);
const char *request_header(const struct request *request, const char *lower_case_name); /* NULL if absent */
const char *request_query(const struct request *request, const char *name);             /* NULL if absent */
/* The body as JSON, NULL if it is not; the caller owns it. */
json_t *request_json(const struct request *request);
/* Takes over `value`, which lives until the request is done; gives it back. */
json_t *request_keep(struct request *request, json_t *value);
void request_done(struct request *request); /* drops query and kept values; headers are the caller's */

void reply_json(struct reply *reply, int status, json_t *json);
void reply_text(struct reply *reply, int status, const char *content_type, const char *text);
void reply_empty(struct reply *reply, int status);
void reply_header(struct reply *reply, const char *name, const char *value);
void reply_redirect(struct reply *reply, const char *location);
void reply_done(struct reply *reply);

struct web;
/* `name` is "entra" or "jira": which latency and which fault rules apply. `certificate` and `key` (PEM) make it HTTPS.
 */
struct web *web_start(struct sandbox *sandbox, const char *name, web_handler *handler, uint16_t port,
                      const char *certificate, const char *key);
uint16_t web_port(const struct web *web);
void web_stop(struct web *web); /* accepts NULL */

#endif
