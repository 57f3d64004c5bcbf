/* AADSTS numbers to codes of the contract.
 *
 * Microsoft's advice is to branch on `error` and to treat the numbers as hints that may change; `error` alone cannot
 * tell a wrong secret from an expired one, though, so the numbers are a table of hints here with a general code behind
 * it. The prose of error_description is never shown: it is the other side's text, and what it repeats is not ours to
 * vouch for. */
#include "connector/entra/token_error.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"
#include "http/retry.h"

#define RETRY_AFTER_CAP_MS (3600 * 1000)

static const struct {
	long aadsts;
	const char *code;
} table[] = {
    {7000215, "secret_invalid"},
    {7000222, "secret_expired"},
    {90002, "tenant_not_found"},
    {900023, "tenant_not_found"},
    {90038, "wrong_cloud"},
    {900382, "wrong_cloud"},
    {900432, "wrong_cloud"},
    {500011, "wrong_cloud"}, /* no Graph by the name of that cloud: the only resource that we ask for */
    {700016, "client_not_in_tenant"},
    {7000112, "client_disabled"},
    {70001, "client_disabled"},
    {1000031, "client_disabled"},
    {7000229, "service_principal_missing"},
    {700027, "certificate_not_registered"},
    {50012, "certificate_not_registered"},  /* signature or chain of the assertion */
    {50027, "certificate_not_registered"},  /* assertion malformed, thumbprint not named */
    {700030, "certificate_not_registered"}, /* the certificate's subject is not authorised */
    {900384, "certificate_not_registered"}, /* signature of the assertion */
    {700024, "clock_skew"},
    {700211, "federated_mismatch"},
    {700212, "federated_mismatch"},
    {700213, "federated_mismatch"},
    {70021, "federated_mismatch"},
    {7002137, "federated_mismatch"},
    {7002138, "federated_mismatch"},
    {700229, "federated_mismatch"},
    {53000, "conditional_access_blocked"},
    {53001, "conditional_access_blocked"},
    {53002, "conditional_access_blocked"},
    {53003, "conditional_access_blocked"},
    {53004, "conditional_access_blocked"},
    {530032, "conditional_access_blocked"},
    {90055, "login_throttled"},
    {50196, "login_throttled"},
    {90006, "login_unavailable"},
    {90012, "login_unavailable"},
    {90024, "login_unavailable"},
    {90033, "login_unavailable"},
    {1002016, "tls_failed"}, /* TLS 1.0 or 1.1: by something on the way, we speak no less than 1.2 */
};

static const char *table_find(long aadsts)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].aadsts == aadsts)
			return table[i].code;
	return NULL;
}

const char *entra_token_error_code(long aadsts, bool secret_is_guid)
{
	if (aadsts == 7000215 && secret_is_guid)
		return "secret_looks_like_id";
	const char *code = table_find(aadsts);
	return code != NULL ? code : "token_error";
}

static long number_in_prose(const json_t *body)
{
	const char *prose = json_string_at(body, "error_description");
	const char *at = prose != NULL ? strstr(prose, "AADSTS") : NULL;
	if (at == NULL)
		return 0;
	char digits[11] = "";
	size_t count = strspn(at + 6, "0123456789");
	if (count == 0 || count >= sizeof(digits))
		return 0;
	memcpy(digits, at + 6, count);
	return atol(digits);
}

/* A number, whoever wrote it as what. */
static long number_of(const json_t *value)
{
	int64_t number = json_integer_value(value);
	const char *digits = json_string_value(value);
	if (digits != NULL && text_parse_int(digits, 0, INT32_MAX, &number) != RESULT_OK)
		return 0;
	return (long)number;
}

long entra_token_error_number(const json_t *body)
{
	const json_t *codes = json_at(body, "error_codes");
	size_t count = json_is_array(codes) ? json_array_size(codes) : 1;
	long first = 0;
	for (size_t i = 0; i < count && i < 16; i++) {
		long number = number_of(json_is_array(codes) ? json_array_get(codes, i) : codes);
		if (number <= 0)
			continue;
		if (table_find(number) != NULL)
			return number;
		if (first == 0)
			first = number;
	}
	return first != 0 ? first : number_in_prose(body);
}

/* Ids go on to people and into logs: only what looks like one is taken over. */
static void take_id(char *out, size_t size, const char *value)
{
	if (value != NULL && text_is_uuid(value) && strlen(value) < size)
		memcpy(out, value, strlen(value) + 1);
}

static void take_oauth_error(char *out, size_t size, const char *value)
{
	if (value == NULL || strlen(value) >= size)
		return;
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz_")] == '\0')
		memcpy(out, value, strlen(value) + 1);
}

static enum result result_of(const char *code)
{
	if (text_equal(code, "login_throttled"))
		return RESULT_THROTTLED;
	if (text_equal(code, "login_unavailable"))
		return RESULT_UNAVAILABLE;
	if (text_equal(code, "login_bad_response"))
		return RESULT_PROTOCOL;
	return RESULT_DENIED;
}

/* What speaks with an AADSTS number is Entra, whatever status it came with. */
static const char *code_of_status(int status, const json_t *body, long aadsts)
{
	if (status == 429)
		return "login_throttled";
	if (status >= 500)
		return "login_unavailable";
	if (body == NULL || (status < 400 && aadsts == 0))
		return "login_bad_response";
	return NULL;
}

/* Without its full stop, which goes behind what is added. */
static int sentence_length(const char *sentence)
{
	size_t length = strlen(sentence);
	return (int)(length > 0 && sentence[length - 1] == '.' ? length - 1 : length);
}

static void set_sentence(struct error *error, enum result result, const char *code, long aadsts, int status)
{
	const struct code *known = code_find(code);
	const char *summary = known != NULL && known->summary != NULL ? known->summary : "Entra gave no token.";
	if (text_equal(code, "token_error") && aadsts != 0)
		error_set(error, result, code, "Entra refused to give a token: AADSTS%ld (HTTP %d).", aadsts, status);
	else if (text_equal(code, "token_error"))
		error_set(error, result, code, "Entra refused to give a token, without a number (HTTP %d).", status);
	else if (aadsts != 0)
		error_set(error, result, code, "%.*s (AADSTS%ld).", sentence_length(summary), summary, aadsts);
	else
		error_set(error, result, code, "%.*s (HTTP %d).", sentence_length(summary), summary, status);
}

enum result entra_token_error_fill(int status, const json_t *body, bool secret_is_guid, const char *retry_after,
                                   int64_t now_ms, struct error *error)
{
	long aadsts = entra_token_error_number(body);
	const char *code = code_of_status(status, body, aadsts);
	if (code == NULL)
		code = entra_token_error_code(aadsts, secret_is_guid);
	enum result result = result_of(code);
	if (error == NULL)
		return result;
	set_sentence(error, result, code, aadsts, status);
	error->retryable = result == RESULT_THROTTLED || result == RESULT_UNAVAILABLE || result == RESULT_PROTOCOL;
	error->retry_after_ms = error->retryable ? retry_after_ms(retry_after, now_ms, RETRY_AFTER_CAP_MS) : -1;
	error->http_status = status;
	error->aadsts = aadsts;
	take_oauth_error(error->remote_code, sizeof(error->remote_code), json_string_at(body, "error"));
	take_id(error->correlation_id, sizeof(error->correlation_id), json_string_at(body, "correlation_id"));
	take_id(error->trace_id, sizeof(error->trace_id), json_string_at(body, "trace_id"));
	return result;
}

/* 700027 has one number for three faults; its prose tells them apart (facts, section 3.1), and only ever makes the code
 * more exact. */
static const char *certificate_code(const json_t *body)
{
	const char *prose = json_string_at(body, "error_description");
	if (prose != NULL && strstr(prose, "verify the signature failed") != NULL)
		return "certificate_key_mismatch";
	if (prose != NULL && strcasestr(prose, "expired") != NULL)
		return "certificate_expired";
	return "certificate_not_registered";
}

void entra_token_error_by_kind(enum credential_kind kind, bool clock_is_off, const json_t *body, struct error *error)
{
	if (error == NULL)
		return;
	const char *code = NULL;
	if (kind == CREDENTIAL_FEDERATED && text_equal(error->code, "certificate_not_registered"))
		code = "federated_mismatch";
	else if (kind == CREDENTIAL_FEDERATED && text_equal(error->code, "clock_skew") && !clock_is_off)
		code = "federated_token_expired";
	else if (kind == CREDENTIAL_CERTIFICATE && error->aadsts == 700027)
		code = certificate_code(body);
	if (code == NULL || text_equal(code, error->code))
		return;
	struct error told = *error;
	set_sentence(&told, error->result, code, error->aadsts, error->http_status);
	memcpy(error->code, told.code, sizeof(error->code));
	memcpy(error->detail, told.detail, sizeof(error->detail));
}
