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
#define REFILL_PER_MS ((double)WRITES / SPAN_MS)

void write_budget_init(struct budget_entry *entry, int64_t now_ms)
{
	entry->link_cost = MOST_COST;
	usage_window_init(&entry->writes, WRITES, SPAN_MS, now_ms);
	usage_window_init(&entry->links, WRITES, SPAN_MS, now_ms);
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

/* A request is a write at least; that part of it does not follow the price of a link. */
static double singles_of(const struct budget_entry *budget, const struct write_use *use)
{
	double least = (double)use->link_requests - (double)use->links * budget->link_cost;
	return (double)use->singles + (least > 0 ? least : 0);
}

static void budget_count(struct budget_entry *budget, const struct write_use *use, double times, int64_t now_ms)
{
	double links = (double)use->links * budget->link_cost;
	usage_window_use(&budget->writes, times * (singles_of(budget, use) + links), now_ms);
	usage_window_use(&budget->links, times * links, now_ms);
	budget->used_at = now_ms;
}

bool write_budget_take(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                       const struct write_use *use, int64_t now_ms)
{
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	if (budget == NULL)
		return true;
	double wanted = singles_of(budget, use) + (double)use->links * budget->link_cost;
	bool fits = wanted <= (double)usage_window_room(&budget->writes, bulk ? RESERVE : 0, now_ms);
	if (fits && usage_window_used(&budget->writes, now_ms) <= 0)
		budget->began_at = now_ms;
	if (fits) {
		budget_count(budget, use, 1, now_ms);
		budget->singles_away += (double)use->singles;
		budget->links_away += (double)use->links;
	}
	budget_entry_close();
	return fits;
}

/* The price of a link by which `units` would be used, if `links` of them (by the present price) are links. */
static void price_learn(struct budget_entry *budget, double units, double used, double links, int64_t now_ms)
{
	double cost = budget->link_cost;
	if (links <= 0)
		return;
	cost *= (units - (used - links)) / links;
	if (cost < LEAST_COST)
		cost = LEAST_COST;
	if (cost > MOST_COST)
		cost = MOST_COST;
	usage_window_scale_part(&budget->writes, &budget->links, cost / budget->link_cost, now_ms);
	budget->link_cost = cost;
}

/* So many units are used over there, or, `most`, at most so many. */
static void used_learn(struct budget_entry *budget, double told, bool most, int64_t now_ms)
{
	double used = usage_window_used(&budget->writes, now_ms);
	double links = usage_window_used(&budget->links, now_ms);
	double links_away = budget->links_away * budget->link_cost;
	double landed = used - links_away - budget->singles_away;
	int64_t since_ms = now_ms - budget->began_at;
	double refilled = most ? REFILL_PER_MS * (double)since_ms : 0;
	if (!most && told > used)
		price_learn(budget, told, used, links, now_ms);
	else if (since_ms < SPAN_MS && told + refilled < landed)
		price_learn(budget, told + refilled, landed, links - links_away, now_ms);
}

static void fraction_hear(struct budget_entry *budget, double fraction, int64_t now_ms)
{
	double silent_below = TOLD_FROM * WRITES;
	if (fraction >= TOLD_FROM && fraction <= TOLD_MAX) {
		budget->tells = true;
		used_learn(budget, fraction * WRITES, false, now_ms);
	} else if (fraction == 0 && (budget->tells || !budget->refused) &&
	           usage_window_used(&budget->writes, now_ms) > silent_below * TOLD_SLACK) {
		used_learn(budget, silent_below, true, now_ms);
	}
}

void write_budget_land(const struct entra_place *place, const struct connector_settings *settings,
                       const struct write_use *use, const struct write_answer *answer, int64_t now_ms)
{
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	budget->singles_away -= (double)use->singles;
	budget->links_away -= (double)use->links;
	budget_count(budget, &answer->kept, -1, now_ms);
	if (answer->answered)
		fraction_hear(budget, answer->fraction, now_ms);
	budget_entry_close();
}

void write_budget_refused(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms)
{
	struct budget_entry *budget = budget_entry_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double used = usage_window_used(&budget->writes, now_ms);
	double links = usage_window_used(&budget->links, now_ms);
	/* Even at the dearest price the limit would not be reached: it was refused for something else. */
	bool explains = used - links + links * MOST_COST / budget->link_cost >= WRITES;
	if (used < WRITES && explains) {
		budget->refused = true;
		price_learn(budget, WRITES, used, links, now_ms);
	}
	budget_entry_close();
}
