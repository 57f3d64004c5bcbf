#include "connector/entra/transport.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static const struct {
	const char *unreachable;
	const char *bad_response;
	const char *name;
} sides[] = {
    [ENTRA_SIDE_LOGIN] = {"login_unreachable", "login_bad_response", "Entra's login host"},
    [ENTRA_SIDE_GRAPH] = {"graph_unreachable", "graph_bad_response", "Microsoft Graph"},
};

static const struct {
	enum http_failure failure;
	const char *why;
} reasons[] = {
    {HTTP_FAILURE_REFUSED_URL, "its URL is neither https nor http to this machine"},
    {HTTP_FAILURE_RESOLVE, "its name could not be resolved"},
    {HTTP_FAILURE_CONNECT, "no connection could be made"},
    {HTTP_FAILURE_TIMEOUT, "it did not answer in time"},
    {HTTP_FAILURE_RESET, "the connection was closed before the answer was whole"},
    {HTTP_FAILURE_CANCELLED, "this program is stopping"},
};

static const char *reason_of(enum http_failure failure)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].failure == failure)
			return reasons[i].why;
	return "the exchange failed";
}

static enum result result_of(enum result result, const struct http_response *response)
{
	if (response->failure == HTTP_FAILURE_REFUSED_URL)
		return RESULT_INVALID;
	if (response->maybe_sent || result == RESULT_TIMEOUT)
		return RESULT_TIMEOUT;
	return RESULT_UNAVAILABLE;
}

enum result entra_transport_fill(enum entra_side side, enum result result, const struct http_response *response,
                                 struct error *error)
{
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	const char *name = sides[side].name;
	if (response->failure == HTTP_FAILURE_TLS)
		return error_set(error, RESULT_DENIED, "tls_failed", "No trusted TLS connection to %s could be made.", name);
	if (response->failure == HTTP_FAILURE_TOO_LARGE)
		return error_set(error, RESULT_PROTOCOL, sides[side].bad_response, "The answer of %s was larger than allowed.",
		                 name);
	enum result ours = result_of(result, response);
	error_set(error, ours, sides[side].unreachable, "%s could not be reached: %s.", name, reason_of(response->failure));
	if (error != NULL) {
		error->retryable = ours != RESULT_INVALID;
		error->retry_after_ms = -1;
	}
	return ours;
}

enum result entra_transport_bad_response(enum entra_side side, int status, struct error *error)
{
	error_set(error, RESULT_PROTOCOL, sides[side].bad_response,
	          "The answer of %s (HTTP %d) is not one that it gives: something between may have answered in its place.",
	          sides[side].name, status);
	if (error != NULL) {
		error->retryable = true;
		error->retry_after_ms = -1;
		error->http_status = status;
	}
	return RESULT_PROTOCOL;
}

enum result entra_transport_out_of_time(enum entra_side side, struct error *error)
{
	error_set(error, RESULT_UNAVAILABLE, sides[side].unreachable, "No time was left to ask %s.", sides[side].name);
	if (error != NULL) {
		error->retryable = true;
		error->retry_after_ms = -1;
	}
	return RESULT_UNAVAILABLE;
}

bool entra_transport_is_code(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++)
		if (text_equal(code, sides[i].unreachable) || text_equal(code, sides[i].bad_response))
			return true;
	return text_equal(code, "tls_failed");
}

int64_t entra_deadline(const struct clock *clock, int64_t named_ms)
{
	return named_ms != 0 ? named_ms : clock_monotonic_ms(clock) + ENTRA_CALL_DEADLINE_MS;
}

int64_t entra_time_left(const struct clock *clock, int64_t deadline_ms, int64_t longest_ms)
{
	int64_t left = deadline_ms - clock_monotonic_ms(clock);
	if (left <= 0)
		return 0;
	return left < longest_ms ? left : longest_ms;
}

static int month_number(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = strlen(name) == 3 ? strstr(months, name) : NULL;
	return at != NULL && (at - months) % 3 == 0 ? (int)(at - months) / 3 : -1;
}

int64_t entra_server_time(const struct http_response *response)
{
	const char *value = http_response_header(response, "date");
	struct tm parts = {0};
	char month[4] = "";
	int year;
	if (value == NULL || strlen(value) > 40)
		return 0;
	if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &parts.tm_mday, month, &year, &parts.tm_hour,
	           &parts.tm_min, &parts.tm_sec) != 6)
		return 0;
	parts.tm_mon = month_number(month);
	parts.tm_year = year - 1900;
	if (parts.tm_mon < 0 || year < 1970 || parts.tm_mday < 1 || parts.tm_mday > 31)
		return 0;
	return (int64_t)timegm(&parts) * 1000;
}
