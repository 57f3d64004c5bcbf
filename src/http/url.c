/* URLs, read by the parser that will also send the request: what libcurl's own URL functions say is where the bytes go,
 * so that no spelling is judged as one host and connected to another. What that parser forgives (one slash, spaces, a
 * back slash) is refused before it is asked. */
#include "http/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

#include "base/text.h"

/* "http://" or "https://", then a byte of an authority; printable ASCII throughout. A fragment is refused: it would be
 * cut off, and with it the end of a path that somebody forgot to encode. */
static bool is_plain(const char *url)
{
	if (url == NULL)
		return false;
	const char *rest = strncasecmp(url, "https://", 8) == 0  ? url + 8
	                   : strncasecmp(url, "http://", 7) == 0 ? url + 7
	                                                         : NULL;
	if (rest == NULL || *rest == '\0' || strchr("/?", *rest) != NULL)
		return false;
	for (const char *at = url; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;
		if (byte <= 0x20 || byte >= 0x7f || byte == '\\' || byte == '#')
			return false;
	}
	return true;
}

static void curl_text_freep(char **text)
{
	curl_free(*text);
}

static void curl_url_freep(CURLU **url)
{
	curl_url_cleanup(*url);
}

/* NULL if it cannot be parsed or names a user. */
static CURLU *parse(const char *url)
{
	if (!is_plain(url))
		return NULL;
	CURLU *parsed = curl_url();
	if (parsed == NULL)
		return NULL;
	if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) != CURLUE_OK) {
		curl_url_cleanup(parsed);
		return NULL;
	}
	return parsed;
}

/* The part as a text of libcurl's, or NULL. */
static char *part_of(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;
	if (curl_url_get(parsed, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	return text;
}

static bool is_loopback(const char *host)
{
	struct in_addr address;
	if (inet_pton(AF_INET, host, &address) == 1)
		return ntohl(address.s_addr) >> 24 == 127;
	return text_equal(host, "[::1]") || text_equal_fold(host, "localhost");
}

bool url_is_allowed(const char *url)
{
	_cleanup_(curl_url_freep) CURLU *parsed = parse(url);
	if (parsed == NULL)
		return false;
	_cleanup_(curl_text_freep) char *scheme = part_of(parsed, CURLUPART_SCHEME);
	_cleanup_(curl_text_freep) char *host = part_of(parsed, CURLUPART_HOST);
	_cleanup_(curl_text_freep) char *zone = part_of(parsed, CURLUPART_ZONEID);
	if (scheme == NULL || text_is_empty(host) || zone != NULL)
		return false;
	return text_equal_fold(scheme, "https") || is_loopback(host);
}

bool url_same_origin(const char *a, const char *b)
{
	_cleanup_(curl_url_freep) CURLU *left = parse(a);
	_cleanup_(curl_url_freep) CURLU *right = parse(b);
	if (left == NULL || right == NULL)
		return false;
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_(curl_text_freep) char *one = part_of(left, parts[i]);
		_cleanup_(curl_text_freep) char *other = part_of(right, parts[i]);
		if (one == NULL || !text_equal_fold(one, other))
			return false;
	}
	return true;
}

bool url_is_origin(const char *url)
{
	_cleanup_(curl_url_freep) CURLU *parsed = parse(url);
	if (parsed == NULL)
		return false;
	const char *authority = strstr(url, "://") + 3;
	const char *rest = authority + strcspn(authority, "/?");
	return text_equal(rest, "") || text_equal(rest, "/");
}
