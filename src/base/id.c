/* Identifiers.
 *
 * UUIDv7 as RFC 9562 section 6.2 method 1: 48 bits of time, a 12-bit counter that starts at a random point of its lower
 * half in each millisecond, 62 random bits. The counter carries into the time, and a clock that goes back is not
 * followed: within one process every id is greater than the one before, whichever thread asked. */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"

void id_random_bytes(uint8_t *out, size_t length)
{
	while (length > 0) {
		ssize_t got = getrandom(out, length, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		out += got;
		length -= (size_t)got;
	}
}

static void format_uuid(const uint8_t bytes[16], char out[ID_SIZE])
{
	char hex[33];
	text_hex_encode(bytes, 16, hex);
	static const struct {
		size_t from, length;
	} groups[] = {{0, 8}, {8, 4}, {12, 4}, {16, 4}, {20, 12}};
	char *at = out;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (i > 0)
			*at++ = '-';
		memcpy(at, hex + groups[i].from, groups[i].length);
		at += groups[i].length;
	}
	*at = '\0';
}

/* milliseconds << 12 | counter */
static uint64_t first_tick(int64_t at_ms)
{
	return ((uint64_t)(at_ms < 0 ? 0 : at_ms) & 0xffffffffffffU) << 12;
}

/* The next (time, counter) pair; `seed` is where the counter starts in a new millisecond. */
static uint64_t next_tick(int64_t now_ms, unsigned seed)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static uint64_t last;

	uint64_t fresh = first_tick(now_ms) | (seed & 0x7ffU);
	pthread_mutex_lock(&mutex);
	last = (fresh >> 12) > (last >> 12) ? fresh : last + 1;
	uint64_t tick = last;
	pthread_mutex_unlock(&mutex);
	return tick;
}

/* `bytes` holds the random bits already. */
static void format_tick(uint64_t tick, uint8_t bytes[16], char out[ID_SIZE])
{
	uint64_t at_ms = tick >> 12;
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(at_ms >> (40 - 8 * i));
	bytes[6] = (uint8_t)(0x70 | ((tick >> 8) & 0x0f));
	bytes[7] = (uint8_t)tick;
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	format_uuid(bytes, out);
}

void id_new(int64_t now_ms, char out[ID_SIZE])
{
	uint8_t bytes[16];
	id_random_bytes(bytes + 6, sizeof(bytes) - 6);
	format_tick(next_tick(now_ms, (unsigned)bytes[6] << 8 | bytes[7]), bytes, out);
}

void id_least(int64_t at_ms, char out[ID_SIZE])
{
	uint8_t bytes[16] = {0};
	format_tick(first_tick(at_ms), bytes, out);
}

void id_random(char out[ID_SIZE])
{
	uint8_t bytes[16];
	id_random_bytes(bytes, sizeof(bytes));
	bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0f));
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	format_uuid(bytes, out);
}

uint64_t id_random_below(uint64_t below)
{
	if (below <= 1)
		return 0;
	uint64_t unfair = -below % below; /* 2^64 mod below: values under it would come once too often */
	uint64_t value;
	do {
		id_random_bytes((uint8_t *)&value, sizeof(value));
	} while (value < unfair);
	return value % below;
}

bool id_is_label(const char *string)
{
	if (string == NULL)
		return false;
	size_t length = strspn(string, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return length >= 1 && length <= 63 && string[length] == '\0' && string[0] != '-';
}
