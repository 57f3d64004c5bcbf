#include "connector/entra/usage_window.h"

#include <string.h>

#define GUARD_MS 1000
#define LEAST_PART 20
#define RAISE_PARTS 20
#define FRACTION_MAX 2.0

void usage_window_init(struct usage_window *window, int64_t documented, int64_t span_ms, int64_t now_ms)
{
	int64_t slots = USAGE_SLOTS - 1; /* the newest is not full yet */
	*window = (struct usage_window){
	    .documented = documented,
	    .limit = documented,
	    .span_ms = span_ms,
	    .slot_ms = (span_ms + GUARD_MS + slots - 1) / slots,
	    .raised_at = now_ms,
	};
	window->newest = now_ms / window->slot_ms;
}

/* Drops what has run out, and gives a little back of what was taken from the limit. */
static void advance(struct usage_window *window, int64_t now_ms)
{
	int64_t newest = now_ms / window->slot_ms;
	if (newest - window->newest >= USAGE_SLOTS) {
		memset(window->used, 0, sizeof(window->used));
		window->newest = newest;
	}
	while (window->newest < newest)
		window->used[++window->newest % USAGE_SLOTS] = 0;
	while (window->limit < window->documented && now_ms - window->raised_at >= window->span_ms) {
		window->raised_at += window->span_ms;
		window->limit += window->documented / RAISE_PARTS + 1;
	}
	if (window->limit >= window->documented) {
		window->limit = window->documented;
		window->raised_at = now_ms;
	}
}

static int64_t used_of(const struct usage_window *window)
{
	int64_t used = 0;
	for (int slot = 0; slot < USAGE_SLOTS; slot++)
		used += window->used[slot];
	return used;
}

void usage_window_use(struct usage_window *window, int64_t units, int64_t now_ms)
{
	advance(window, now_ms);
	window->used[window->newest % USAGE_SLOTS] += units;
}

int64_t usage_window_room(struct usage_window *window, int64_t reserve, int64_t now_ms)
{
	advance(window, now_ms);
	int64_t room = window->limit - reserve - used_of(window);
	return room > 0 ? room : 0;
}

/* When slot `number` no longer counts. */
static int64_t slot_ends_at(const struct usage_window *window, int64_t number)
{
	return (number + USAGE_SLOTS) * window->slot_ms;
}

int64_t usage_window_wait_ms(struct usage_window *window, int64_t units, int64_t reserve, int64_t now_ms)
{
	advance(window, now_ms);
	int64_t missing = used_of(window) + reserve + units - window->limit;
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

void usage_window_refused(struct usage_window *window, int64_t now_ms)
{
	advance(window, now_ms);
	int64_t least = window->documented / LEAST_PART;
	int64_t used = used_of(window);
	if (used < window->limit)
		window->limit = used > least ? used : least;
	window->raised_at = now_ms;
}

void usage_window_told(struct usage_window *window, double fraction, int64_t now_ms)
{
	advance(window, now_ms);
	if (!(fraction > 0 && fraction <= FRACTION_MAX))
		return;
	int64_t told = (int64_t)(fraction * (double)window->documented);
	int64_t used = used_of(window);
	if (told > used)
		window->used[window->newest % USAGE_SLOTS] += told - used;
}
