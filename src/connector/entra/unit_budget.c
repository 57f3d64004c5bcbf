#include "connector/entra/unit_budget.h"

#include <string.h>

#include "base/macro.h"
#include "connector/entra/budget_entry.h"

#define UNITS_MOST 8000
#define UNITS_LEAST 1000
#define SPAN_MS 10000
#define RESERVE 400
#define STRICT_MS (10 * 60 * 1000)
#define TOLD_FROM 0.8
#define TOLD_MAX 2.0
/* Six requests find a person by an address (match_person.h); groups and looks are shared by many. */
#define PERSON_COST_FIRST 6.0
#define SHARED_COST 1.0
#define ROOM_FOR_BACKLOG 1000 /* waited for: less would be many small rounds */

static const struct {
	const char *part;
	int64_t units;
} costs[] = {
    {"/transitiveMembers", 5},
    {"/members", 3},
    {"/users", 2},
    {"/applications", 2},
};

int64_t unit_budget_cost(const char *path)
{
	int64_t units = 1;
	const char *query = strchr(path, '?');
	size_t length = query != NULL ? (size_t)(query - path) : strlen(path);
	for (size_t i = 0; i < ARRAY_SIZE(costs) && units == 1; i++)
		if (memmem(path, length, costs[i].part, strlen(costs[i].part)) != NULL)
			units = costs[i].units;
	if (query != NULL && strstr(query, "$select=") != NULL)
		units--;
	if (query != NULL && strstr(query, "$expand=") != NULL)
		units++;
	return units > 0 ? units : 1;
}

void unit_budget_init(struct budget_entry *entry, int64_t now_ms)
{
	entry->person_cost = PERSON_COST_FIRST;
	usage_window_init(&entry->units, UNITS_MOST, SPAN_MS, now_ms);
}

static struct budget_entry *entry_open(const struct entra_place *place, const struct connector_settings *settings,
                                       int64_t now_ms)
{
	struct budget_entry *entry = budget_entry_open(place, settings, now_ms);
	if (entry != NULL && entry->strict_until != 0 && entry->strict_until <= now_ms) {
		entry->strict_until = 0;
		entry->units.limit = UNITS_MOST;
	}
	return entry;
}

size_t unit_budget_room(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                        int64_t now_ms, int64_t *ret_wait_ms)
{
	int64_t reserve = bulk ? RESERVE : 0;
	*ret_wait_ms = 0;
	struct budget_entry *entry = entry_open(place, settings, now_ms);
	if (entry == NULL)
		return UNITS_MOST;
	double cost = entry->person_cost + SHARED_COST;
	int64_t units = usage_window_room(&entry->units, reserve, now_ms);
	size_t room = (size_t)((double)units / cost);
	if (room == 0)
		*ret_wait_ms = usage_window_wait_ms(&entry->units, bulk ? ROOM_FOR_BACKLOG : (int64_t)cost, reserve, now_ms);
	budget_entry_close();
	return room;
}

void unit_budget_spend(const struct entra_place *place, const struct connector_settings *settings, int64_t units,
                       int64_t now_ms)
{
	struct budget_entry *entry = entry_open(place, settings, now_ms);
	if (entry == NULL)
		return;
	usage_window_use(&entry->units, (double)units, now_ms);
	entry->used_at = now_ms;
	budget_entry_close();
}

void unit_budget_learn(const struct entra_place *place, const struct connector_settings *settings, size_t people,
                       size_t requests, int64_t now_ms)
{
	struct budget_entry *entry = people > 0 ? entry_open(place, settings, now_ms) : NULL;
	if (entry == NULL)
		return;
	/* Many people say more than one does. */
	double weight = (double)people / ((double)people + 20);
	entry->person_cost += weight * ((double)requests / (double)people - entry->person_cost);
	budget_entry_close();
}

static void limit_learn(struct budget_entry *entry, double limit, int64_t now_ms)
{
	if (limit < UNITS_LEAST)
		limit = UNITS_LEAST;
	if (limit >= (double)entry->units.limit)
		return;
	entry->units.limit = (int64_t)limit;
	entry->strict_until = now_ms + STRICT_MS;
}

void unit_budget_hear(const struct entra_place *place, const struct connector_settings *settings, double fraction,
                      int64_t now_ms)
{
	if (fraction < TOLD_FROM || fraction > TOLD_MAX)
		return;
	struct budget_entry *entry = entry_open(place, settings, now_ms);
	if (entry == NULL)
		return;
	limit_learn(entry, usage_window_used(&entry->units, now_ms) / fraction, now_ms);
	budget_entry_close();
}

void unit_budget_refused(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms)
{
	struct budget_entry *entry = entry_open(place, settings, now_ms);
	if (entry == NULL)
		return;
	double used = usage_window_used(&entry->units, now_ms);
	/* Less than the least that any tenant has was refused for something else. */
	if (used >= UNITS_LEAST)
		limit_learn(entry, used, now_ms);
	budget_entry_close();
}
