/* One call of the service's API from a terminal. */
#ifndef AIC_CLI_API_CLIENT_H
#define AIC_CLI_API_CLIENT_H

#include <jansson.h>
#include <stdio.h>

#include "base/macro.h"
#include "base/memory.h"
#include "cli/command.h"
#include "http/client.h"

struct api_client {
	struct http_client *http;
	struct arena *arena; /* everything of a call lives here */
	const char *base;    /* "https://host:port" */
	const char *unix_socket;
	const char *authorization;
};

/* `url` and `ca_file` may be NULL: then AICLEARANCE_URL, or http://127.0.0.1:8480; and no further trust anchor. The
 * token comes from AICLEARANCE_TOKEN. */
enum exit_code api_client_open(const char *url, const char *ca_file, struct arena *arena, struct api_client *ret_client)
    MUST_CHECK;
void api_client_close(struct api_client *client);

struct api_call_made {
	const char *method;
	const char *path;   /* with its query */
	const json_t *body; /* NULL: none */
	const char *file;   /* NULL; instead of `body`: a CSV file */
	size_t file_length;
	FILE *into;                  /* NULL; where the body of a 2xx answer is written, instead of kept */
	const char *if_match;        /* NULL */
	const char *idempotency_key; /* NULL */
};

struct api_answer {
	int status;
	const char *body;
	size_t length;
	json_t *json; /* NULL where the body is not JSON; api_answer_done frees it */
	const char *etag;
};
void api_answer_done(struct api_answer *answer);

/* EXIT_HELD for any HTTP answer; EXIT_NOT_REACHED, said on standard error, if none came. Says there that it waits if
 * that takes over a second. */
enum exit_code api_client_send(const struct api_client *client, const struct api_call_made *call,
                               struct api_answer *ret_answer) MUST_CHECK;

/* Says what a 4xx or 5xx answer says. EXIT_DID_NOT_HOLD, or EXIT_NOT_REACHED if the answer is not this service's. */
enum exit_code api_answer_explain(const struct api_answer *answer);

#endif
