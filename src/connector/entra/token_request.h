/* One exchange with the token endpoint: client credentials with a client secret, or with an assertion. */
#ifndef AIC_CONNECTOR_ENTRA_TOKEN_REQUEST_H
#define AIC_CONNECTOR_ENTRA_TOKEN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/cloud.h"

struct entra_token_answer {
	const char *access_token; /* printable ASCII; in the arena */
	int64_t expires_in_ms;
	int64_t server_time_ms; /* of the Date header; 0: not told */
	char correlation_id[64];
	char trace_id[64];
};

/* Opens the credential, sends it (or an assertion signed with it), wipes it. Failures: the secret source's own codes,
 * those of client_assertion.h, and the codes of the areas "reach" (login) and "token". */
enum result entra_token_request(const struct connector_environment *environment, const struct connector_target *target,
                                const struct entra_place *place, int64_t deadline_ms, struct arena *arena,
                                struct entra_token_answer *ret_answer, struct error *error) MUST_CHECK;

/* The form that is sent, in secret memory: every byte but RFC 3986's unreserved ones is encoded. */
struct entra_token_form {
	const char *client_id;
	const char *scope;
	const struct secret *proof;
	bool proof_is_assertion; /* RFC 7523 section 2.2: sent as client_assertion; else as client_secret */
};
enum result entra_token_form_write(const struct entra_token_form *form, struct secret *ret_body) MUST_CHECK;

#endif
