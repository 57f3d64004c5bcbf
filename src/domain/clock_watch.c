#include "domain/clock_watch.h"

#include "base/macro.h"
#include "base/text.h"

static const char *const doubt_names[CLOCK_DOUBT_MAX] = {
    [CLOCK_TRUSTED] = "",
    [CLOCK_WENT_FORWARD] = "wentForward",
    [CLOCK_WENT_BACK] = "wentBack",
};

const char *clock_doubt_name(enum clock_doubt doubt)
{
	return doubt < CLOCK_DOUBT_MAX ? doubt_names[doubt] : "";
}

enum clock_doubt clock_doubt_parse(const char *name)
{
	int at = text_find_name(doubt_names, CLOCK_DOUBT_MAX, name);
	return at < 0 ? CLOCK_TRUSTED : (enum clock_doubt)at;
}

static void anchor_set(struct clock_anchor *anchor, int64_t wall, int64_t monotonic)
{
	anchor->known = true;
	anchor->least = false;
	anchor->wall = wall;
	anchor->monotonic = monotonic;
}

static enum clock_doubt judge_first(struct clock_anchor *anchor, int64_t seen_at, enum clock_doubt doubt, int64_t now,
                                    int64_t monotonic)
{
	bool back = now < seen_at - CLOCK_WATCH_TOLERANCE_MS;
	anchor_set(anchor, back ? seen_at : now, monotonic);
	anchor->least = back;
	anchor->inherited = !back && doubt == CLOCK_WENT_FORWARD;
	if (back)
		return CLOCK_WENT_BACK;
	return anchor->inherited ? CLOCK_WENT_FORWARD : CLOCK_TRUSTED;
}

enum clock_doubt clock_watch_judge(struct clock_anchor *anchor, int64_t seen_at, enum clock_doubt doubt, int64_t now,
                                   int64_t monotonic)
{
	if (!anchor->known)
		return judge_first(anchor, seen_at, doubt, now, monotonic);
	int64_t off = now - (anchor->wall + (monotonic - anchor->monotonic));
	if (off < -CLOCK_WATCH_TOLERANCE_MS)
		return CLOCK_WENT_BACK;
	if (off > CLOCK_WATCH_TOLERANCE_MS && !anchor->least)
		return CLOCK_WENT_FORWARD;
	anchor_set(anchor, now, monotonic);
	return anchor->inherited ? CLOCK_WENT_FORWARD : CLOCK_TRUSTED;
}
