/* What a client_assertion proves at the token endpoint. */
#ifndef AIC_SANDBOX_ENTRA_ASSERTION_H
#define AIC_SANDBOX_ENTRA_ASSERTION_H

#include <stdbool.h>

#include "web.h"

struct assertion_refusal {
	int status;
	const char *error;
	long number; /* AADSTS */
	const char *text;
};

/* False, and *ret_refusal filled (in the request's arena), if it does not prove that it comes from the app. */
bool entra_assertion_check(struct sandbox *sandbox, struct request *request, const char *client_id, const char *text,
                           struct assertion_refusal *ret_refusal);

#endif
