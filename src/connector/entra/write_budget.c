#include "connector/entra/write_budget.h"

#include "connector/entra/budget_entry.h"

#define WRITES 3000
#define SPAN_MS 150000
#define RESERVE 90
#define LINKS_IN_ONE 20
#define LEAST_COST (1.0 / LINKS_IN_ONE) /* of a link: a PATCH of twenty is one write */
#define MOST_COST 1.0
#define TOLD_FROM 0.8
#define TOLD_MAX 2.0
#define TOLD_SLACK 1.05
#define ROOM_FOR_BACKLOG 100 /* waited for: less would be many small rounds */

void write_budget_init(struct budget_entry *entry, int64_t now_ms)
{
	entry->link_cost = LEAST_COST;
	usage_window_init(&entry->writes, WRITES, SPAN_MS, now_ms);
}

size_t write_budget_room(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                         int64_t now_ms, int64_t *ret_wait_ms)
{
	int64_t reserve = bulk ? RESERVE : 0;
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	*ret_wait_ms = 0;
	if (budget == NULL)
		return WRITES;
	int64_t units = usage_window_room(&budget->writes, reserve, now_ms);
	if (units == 0)
		*ret_wait_ms = usage_window_wait_ms(&budget->writes, bulk ? ROOM_FOR_BACKLOG : 1, reserve, now_ms);
	size_t room = (size_t)((double)units / budget->link_cost);
	budget_entry_close();
	return room;
}

static void budget_count(const struct entra_place *place, const struct connector_settings *settings,
                         const struct write_use *use, double times, int64_t now_ms)
{
	if (use->singles + use->link_requests == 0)
		return;
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double links = (double)use->links * budget->link_cost;
	if (links < (double)use->link_requests)
		links = (double)use->link_requests;
	usage_window_use(&budget->writes, times * ((double)use->singles + links), now_ms);
	budget->used_at = now_ms;
	budget_entry_close();
}

void write_budget_spend(const struct entra_place *place, const struct connector_settings *settings,
                        const struct write_use *use, int64_t now_ms)
{
	budget_count(place, settings, use, 1, now_ms);
}

void write_budget_give_back(const struct entra_place *place, const struct connector_settings *settings,
                            const struct write_use *use, int64_t now_ms)
{
	budget_count(place, settings, use, -1, now_ms);
}

/* So much of the limit is used in fact. */
static void budget_learn(struct budget_entry *budget, double used, int64_t now_ms)
{
	double thought = usage_window_used(&budget->writes, now_ms);
	double cost = thought > 0 ? budget->link_cost * used / thought : budget->link_cost;
	if (cost < LEAST_COST)
		cost = LEAST_COST;
	if (cost > MOST_COST)
		cost = MOST_COST;
	usage_window_scale(&budget->writes, cost / budget->link_cost);
	budget->link_cost = cost;
}

void write_budget_hear(const struct entra_place *place, const struct connector_settings *settings, double fraction,
                       int64_t now_ms)
{
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double silent_below = TOLD_FROM * WRITES;
	if (fraction >= TOLD_FROM && fraction <= TOLD_MAX) {
		budget->tells = true;
		budget_learn(budget, fraction * WRITES, now_ms);
	} else if (budget->tells && usage_window_used(&budget->writes, now_ms) > silent_below * TOLD_SLACK) {
		budget_learn(budget, silent_below, now_ms);
	}
	budget_entry_close();
}

void write_budget_refused(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms)
{
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double used = usage_window_used(&budget->writes, now_ms);
	/* Even at the dearest price the limit would not be reached: it was refused for something else. */
	bool explains = used * MOST_COST / budget->link_cost >= WRITES;
	if (used < WRITES && explains)
		budget_learn(budget, WRITES, now_ms);
	budget_entry_close();
}
