/* What a refusal of the token endpoint means. Pure. */
#ifndef AIC_CONNECTOR_ENTRA_TOKEN_ERROR_H
#define AIC_CONNECTOR_ENTRA_TOKEN_ERROR_H

#include <jansson.h>
#include <stdbool.h>

#include "base/result.h"
#include "domain/connector_settings.h"

/* Code of the contract's area "token" for an AADSTS number. `secret_is_guid`: the secret that was refused is shaped
 * like an id. "token_error" for every number that the table does not know, and for 0. */
const char *entra_token_error_code(long aadsts, bool secret_is_guid);

/* The AADSTS number of an error body: the first of error_codes that the table knows, else the first of them, else the
 * one in error_description, else 0. */
long entra_token_error_number(const json_t *body);

/* Fills `error` from an answer that was not a token. `body` is NULL if it was not a JSON object. */
enum result entra_token_error_fill(int status, const json_t *body, bool secret_is_guid, const char *retry_after,
                                   int64_t now_ms, struct error *error);

/* What the same refusal means for the kind of credential that was shown: makes the code and the sentence of a filled
 * `error` (may be NULL) truer, leaves the rest. `clock_is_off`: the answer's Date says so. */
void entra_token_error_by_kind(enum credential_kind kind, bool clock_is_off, const json_t *body, struct error *error);

#endif
