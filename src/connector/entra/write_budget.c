/* A small table of (Graph host, tenant, client), as throttle_gate.c has one; when it is full the one that was longest
 * without a write makes room, which forgets a count and a cost: a 429 tells them again. */
#include "connector/entra/write_budget.h"

#include <pthread.h>
#include <string.h>

#include "base/digest.h"
#include "connector/entra/throttle_gate.h"
#include "connector/entra/usage_window.h"

#define BUDGETS 64
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

struct budget {
	bool taken;
	uint8_t key[DIGEST_SIZE];
	struct usage_window window;
	double link_cost;
	bool tells; /* Graph has said how much is used at least once, so that its silence means less than 0.8 */
	int64_t spent_at;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct budget budgets[BUDGETS];

static struct budget *budget_find(const uint8_t key[DIGEST_SIZE])
{
	for (size_t i = 0; i < BUDGETS; i++)
		if (budgets[i].taken && memcmp(budgets[i].key, key, DIGEST_SIZE) == 0)
			return &budgets[i];
	return NULL;
}

static struct budget *budget_spare(void)
{
	struct budget *spare = &budgets[0];
	for (size_t i = 0; i < BUDGETS; i++) {
		if (!budgets[i].taken)
			return &budgets[i];
		if (budgets[i].spent_at < spare->spent_at)
			spare = &budgets[i];
	}
	return spare;
}

/* Locks; NULL, unlocked, if there is no memory for the key. */
static struct budget *budget_open(const struct entra_place *place, const struct connector_settings *settings,
                                  int64_t now_ms)
{
	uint8_t key[DIGEST_SIZE];
	if (throttle_gate_key(place, settings, key) != RESULT_OK)
		return NULL;
	pthread_mutex_lock(&lock);
	struct budget *budget = budget_find(key);
	if (budget != NULL)
		return budget;
	budget = budget_spare();
	*budget = (struct budget){.taken = true, .link_cost = LEAST_COST, .spent_at = now_ms};
	memcpy(budget->key, key, DIGEST_SIZE);
	usage_window_init(&budget->window, WRITES, SPAN_MS, now_ms);
	return budget;
}

static void budget_close(void)
{
	pthread_mutex_unlock(&lock);
}

size_t write_budget_room(const struct entra_place *place, const struct connector_settings *settings, bool bulk,
                         int64_t now_ms, int64_t *ret_wait_ms)
{
	int64_t reserve = bulk ? RESERVE : 0;
	struct budget *budget = budget_open(place, settings, now_ms);
	*ret_wait_ms = 0;
	if (budget == NULL)
		return WRITES;
	int64_t units = usage_window_room(&budget->window, reserve, now_ms);
	if (units == 0)
		*ret_wait_ms = usage_window_wait_ms(&budget->window, bulk ? ROOM_FOR_BACKLOG : 1, reserve, now_ms);
	size_t room = (size_t)((double)units / budget->link_cost);
	budget_close();
	return room;
}

static void budget_count(const struct entra_place *place, const struct connector_settings *settings,
                         const struct write_use *use, double times, int64_t now_ms)
{
	if (use->singles + use->link_requests == 0)
		return;
	struct budget *budget = budget_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double links = (double)use->links * budget->link_cost;
	if (links < (double)use->link_requests)
		links = (double)use->link_requests;
	usage_window_use(&budget->window, times * ((double)use->singles + links), now_ms);
	budget->spent_at = now_ms;
	budget_close();
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
static void budget_learn(struct budget *budget, double used, int64_t now_ms)
{
	double thought = usage_window_used(&budget->window, now_ms);
	double cost = thought > 0 ? budget->link_cost * used / thought : budget->link_cost;
	if (cost < LEAST_COST)
		cost = LEAST_COST;
	if (cost > MOST_COST)
		cost = MOST_COST;
	usage_window_scale(&budget->window, cost / budget->link_cost);
	budget->link_cost = cost;
}

void write_budget_hear(const struct entra_place *place, const struct connector_settings *settings, double fraction,
                       int64_t now_ms)
{
	struct budget *budget = budget_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double silent_below = TOLD_FROM * WRITES;
	if (fraction >= TOLD_FROM && fraction <= TOLD_MAX) {
		budget->tells = true;
		budget_learn(budget, fraction * WRITES, now_ms);
	} else if (budget->tells && usage_window_used(&budget->window, now_ms) > silent_below * TOLD_SLACK) {
		budget_learn(budget, silent_below, now_ms);
	}
	budget_close();
}

void write_budget_refused(const struct entra_place *place, const struct connector_settings *settings, int64_t now_ms)
{
	struct budget *budget = budget_open(place, settings, now_ms);
	if (budget == NULL)
		return;
	double used = usage_window_used(&budget->window, now_ms);
	/* Even at the dearest price the limit would not be reached: it was refused for something else. */
	bool explains = used * MOST_COST / budget->link_cost >= WRITES;
	if (used < WRITES && explains)
		budget_learn(budget, WRITES, now_ms);
	budget_close();
}
