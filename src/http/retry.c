#include "http/retry.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/* Seconds, with up to three digits of fraction that count; -1 if the text is anything else. No more than cap_ms. */
static int64_t parse_seconds(const char *at, int64_t cap_ms)
{
	if (!is_digit(*at))
		return -1;
	int64_t ms = 0;
	for (; is_digit(*at); at++) {
		if (__builtin_mul_overflow(ms, 10, &ms) || __builtin_add_overflow(ms, (*at - '0') * 1000, &ms) || ms > cap_ms)
			ms = cap_ms; /* and stays there or above */
	}
	if (*at == '.') {
		at++;
		if (!is_digit(*at))
			return -1;
		for (int64_t scale = 100; is_digit(*at); at++, scale /= 10)
			ms += (*at - '0') * scale;
	}
	if (*at != '\0')
		return -1;
	return ms < cap_ms ? ms : cap_ms;
}

/* The instant of an HTTP-date, or of RFC 3339, which some gateways send; -1 if it is none. */
static int64_t parse_date(const char *value)
{
	int64_t at_ms;
	if (clock_parse(value, &at_ms) == RESULT_OK)
		return at_ms;
	/* The three forms of an HTTP-date begin with a day's name and hold a clock time; curl_getdate takes far more. */
	if (is_digit(*value) || strchr(value, ':') == NULL)
		return -1;
	time_t seconds = curl_getdate(value, NULL);
	return seconds < 0 ? -1 : (int64_t)seconds * 1000;
}

int64_t retry_after_ms(const char *value, int64_t now_ms, int64_t cap_ms)
{
	if (value == NULL)
		return -1;
	value += strspn(value, " \t");
	size_t length = strlen(value);
	while (length > 0 && strchr(" \t\r\n", value[length - 1]) != NULL)
		length--;
	char text[64];
	if (length == 0 || length >= sizeof(text))
		return -1;
	memcpy(text, value, length);
	text[length] = '\0';

	int64_t wait_ms = parse_seconds(text, cap_ms);
	if (wait_ms >= 0)
		return wait_ms;
	int64_t at_ms = parse_date(text);
	if (at_ms < 0)
		return -1;
	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms < cap_ms ? at_ms - now_ms : cap_ms;
}
