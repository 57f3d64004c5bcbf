/* What a refusal of Graph says, read from every shape that it has been seen in, and what it means here. Pure. */
#ifndef AIC_CONNECTOR_ENTRA_GRAPH_ERROR_H
#define AIC_CONNECTOR_ENTRA_GRAPH_ERROR_H

#include <jansson.h>
#include <stdbool.h>

#include "base/result.h"

/* Borrowed from the body; NULL where it says nothing. */
struct graph_fault {
	const char *code;
	const char *message;
	const char *request_id;
	const char *client_request_id;
};

/* False if the body (NULL: none) is not an error object of Graph. */
bool graph_fault_read(const json_t *body, struct graph_fault *ret_fault);

/* Fills `error` from a status (not 2xx) and what the body said. The code is one of graph_denied, graph_throttled,
 * graph_unavailable, graph_error, or, where the message itself names it, group_mail_enabled, group_on_premises. */
enum result graph_fault_fill(int status, const struct graph_fault *fault, int64_t retry_after_ms, struct error *error);

/* What tells one Request_BadRequest from another is its English message alone. */
bool graph_fault_is_already_member(int status, const struct graph_fault *fault);
bool graph_fault_is_not_member(int status, const struct graph_fault *fault);
bool graph_fault_is_unreplicated(int status, const struct graph_fault *fault);
/* The token, not the app, was refused: a new one may do. */
bool graph_fault_is_token(int status, const struct graph_fault *fault);
/* 404 by Graph's own word, not by something on the way. */
bool graph_fault_is_missing(int status, const struct graph_fault *fault);

#endif
