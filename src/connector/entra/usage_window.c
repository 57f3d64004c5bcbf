#include "connector/entra/usage_window.h"

#include <string.h>

#define GUARD_MS 1000

void usage_window_init(struct usage_window *window, int64_t limit, int64_t span_ms, int64_t now_ms)
{
	int64_t slots = USAGE_SLOTS - 1; /* the newest is not full yet */
	*window = (struct usage_window){.limit = limit, .slot_ms = (span_ms + GUARD_MS + slots - 1) / slots};
	window->newest = now_ms / window->slot_ms;
}

/* Drops what has run out. */
static void advance(struct usage_window *window, int64_t now_ms)
{
	int64_t newest = now_ms / window->slot_ms;
	if (newest - window->newest >= USAGE_SLOTS) {
		memset(window->used, 0, sizeof(window->used));
		window->newest = newest;
	}
	while (window->newest < newest)
		window->used[++window->newest % USAGE_SLOTS] = 0;
}

double usage_window_used(struct usage_window *window, int64_t now_ms)
{
	double used = 0;
	advance(window, now_ms);
	for (int slot = 0; slot < USAGE_SLOTS; slot++)
		used += window->used[slot];
	return used;
}

void usage_window_use(struct usage_window *window, double units, int64_t now_ms)
{
	advance(window, now_ms);
	window->used[window->newest % USAGE_SLOTS] += units;
}

int64_t usage_window_room(struct usage_window *window, int64_t reserve, int64_t now_ms)
{
	double room = (double)(window->limit - reserve) - usage_window_used(window, now_ms);
	return room > 0 ? (int64_t)room : 0;
}

/* When slot `number` no longer counts. */
static int64_t slot_ends_at(const struct usage_window *window, int64_t number)
{
	return (number + USAGE_SLOTS) * window->slot_ms;
}

int64_t usage_window_wait_ms(struct usage_window *window, int64_t units, int64_t reserve, int64_t now_ms)
{
	double missing = usage_window_used(window, now_ms) + (double)(reserve + units - window->limit);
	int64_t number = window->newest - USAGE_SLOTS + 1;
	if (missing <= 0)
		return 0;
	for (; number < window->newest; number++) {
		missing -= number < 0 ? 0 : window->used[number % USAGE_SLOTS];
		if (missing <= 0)
			break;
	}
	int64_t wait = slot_ends_at(window, number) - now_ms;
	return wait > 1 ? wait : 1;
}

void usage_window_scale_part(struct usage_window *window, struct usage_window *part, double factor, int64_t now_ms)
{
	advance(window, now_ms);
	advance(part, now_ms);
	for (int slot = 0; slot < USAGE_SLOTS; slot++) {
		window->used[slot] += part->used[slot] * (factor - 1);
		part->used[slot] *= factor;
	}
}
