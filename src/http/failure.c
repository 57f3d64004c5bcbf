/* Why an exchange gave no answer.
 *
 * maybe_sent is true unless it is certain that no byte of the request left: a caller that must not act twice relies on
 * the false, never on the true. */
#include "http/failure.h"

#include <string.h>

static const struct {
	CURLcode code;
	enum http_failure failure;
} reasons[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, HTTP_FAILURE_REFUSED_URL},
    {CURLE_URL_MALFORMAT, HTTP_FAILURE_REFUSED_URL},
    {CURLE_COULDNT_RESOLVE_PROXY, HTTP_FAILURE_RESOLVE},
    {CURLE_COULDNT_RESOLVE_HOST, HTTP_FAILURE_RESOLVE},
    {CURLE_COULDNT_CONNECT, HTTP_FAILURE_CONNECT},
    {CURLE_INTERFACE_FAILED, HTTP_FAILURE_CONNECT},
    {CURLE_PROXY, HTTP_FAILURE_CONNECT},
    {CURLE_SSL_CONNECT_ERROR, HTTP_FAILURE_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, HTTP_FAILURE_TLS},
    {CURLE_SSL_CERTPROBLEM, HTTP_FAILURE_TLS},
    {CURLE_SSL_CIPHER, HTTP_FAILURE_TLS},
    {CURLE_SSL_ISSUER_ERROR, HTTP_FAILURE_TLS},
    {CURLE_SSL_CACERT_BADFILE, HTTP_FAILURE_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, HTTP_FAILURE_TLS},
    {CURLE_ABORTED_BY_CALLBACK, HTTP_FAILURE_TLS}, /* the only callback that may abort sets the trust anchors */
    {CURLE_OPERATION_TIMEDOUT, HTTP_FAILURE_TIMEOUT},
    {CURLE_SEND_ERROR, HTTP_FAILURE_RESET},
    {CURLE_RECV_ERROR, HTTP_FAILURE_RESET},
    {CURLE_GOT_NOTHING, HTTP_FAILURE_RESET},
    {CURLE_PARTIAL_FILE, HTTP_FAILURE_RESET},
    {CURLE_HTTP2, HTTP_FAILURE_RESET},
    {CURLE_HTTP2_STREAM, HTTP_FAILURE_RESET},
    {CURLE_SEND_FAIL_REWIND, HTTP_FAILURE_RESET}, /* see transfer.c: not sent a second time */
    {CURLE_FILESIZE_EXCEEDED, HTTP_FAILURE_TOO_LARGE},
};

/* A handshake that was cut, rather than one that failed, says nothing about trust. */
static bool handshake_was_cut(const struct transfer *transfer)
{
	return transfer->code == CURLE_SSL_CONNECT_ERROR &&
	       (strstr(transfer->fault, "SSL_ERROR_SYSCALL") != NULL || strstr(transfer->fault, "reset by peer") != NULL ||
	        strstr(transfer->fault, "unexpected eof") != NULL);
}

static enum http_failure reason_of(const struct transfer *transfer, bool sent)
{
	if (transfer->failure != HTTP_FAILURE_NONE)
		return transfer->failure;
	if (handshake_was_cut(transfer))
		return HTTP_FAILURE_RESET;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].code != transfer->code)
			continue;
		/* libcurl says "unsupported protocol" of an answer that is not HTTP, too. */
		return reasons[i].failure == HTTP_FAILURE_REFUSED_URL && sent ? HTTP_FAILURE_OTHER : reasons[i].failure;
	}
	return HTTP_FAILURE_OTHER;
}

static enum result result_of(enum http_failure failure)
{
	switch (failure) {
	case HTTP_FAILURE_REFUSED_URL:
	case HTTP_FAILURE_TLS:
		return RESULT_DENIED;
	case HTTP_FAILURE_TIMEOUT:
		return RESULT_TIMEOUT;
	case HTTP_FAILURE_TOO_LARGE:
		return RESULT_TOO_LARGE;
	case HTTP_FAILURE_OTHER:
		return RESULT_PROTOCOL;
	default:
		return RESULT_UNAVAILABLE;
	}
}

static const char *sentence_of(enum http_failure failure)
{
	static const char *const sentences[] = {
	    [HTTP_FAILURE_REFUSED_URL] = "this address is not one that requests may go to",
	    [HTTP_FAILURE_RESOLVE] = "the name could not be resolved",
	    [HTTP_FAILURE_CONNECT] = "no connection could be made",
	    [HTTP_FAILURE_TLS] = "no trusted TLS connection could be made",
	    [HTTP_FAILURE_TIMEOUT] = "there was no whole answer in time",
	    [HTTP_FAILURE_RESET] = "the connection was closed before the answer was whole",
	    [HTTP_FAILURE_TOO_LARGE] = "the answer is larger than allowed",
	    [HTTP_FAILURE_CANCELLED] = "the request was given up because the service is stopping",
	    [HTTP_FAILURE_OTHER] = "the answer could not be understood",
	};
	return sentences[failure];
}

enum result failure_describe(const struct transfer *transfer, bool sent, struct http_response *response,
                             struct error *error)
{
	response->maybe_sent = sent;
	if (transfer->no_memory || transfer->code == CURLE_OUT_OF_MEMORY) {
		response->failure = HTTP_FAILURE_OTHER;
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory to take the answer.");
	}
	enum http_failure failure = reason_of(transfer, sent);
	response->failure = failure;

	/* The path and query of a URL may name people; scheme, host and port do not. */
	const char *url = transfer->request->url;
	int origin_length = (int)strcspn(url, "/") + 2;
	origin_length += (int)strcspn(url + origin_length, "/?");
	/* libcurl's own words help where they are about names, addresses and certificates; later ones may quote the answer.
	 */
	bool quotable = failure == HTTP_FAILURE_RESOLVE || failure == HTTP_FAILURE_CONNECT || failure == HTTP_FAILURE_TLS;
	const char *fault = quotable ? transfer->fault : "";
	enum result result = error_set(error, result_of(failure), NULL, "%.*s: %s%s%s%s.", origin_length, url,
	                               sentence_of(failure), *fault == '\0' ? "" : " (", fault, *fault == '\0' ? "" : ")");
	if (error != NULL)
		error->retryable = result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT;
	return result;
}
