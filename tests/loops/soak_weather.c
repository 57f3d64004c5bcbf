#include "soak_weather.h"

#include <stdbool.h>
#include <stdio.h>

#include "sim_clock.h"
#include "sim_net.h"
#include "sim_world.h"

#define SPELL_MS 90000
#define CALM_PARTS 3 /* so many spells of four are calm */

/* One side's spell: each call fails with `fault`, one in `one_in` of them. */
struct spell {
	enum net_fault fault;
	uint64_t one_in; /* 0: none */
	int64_t until;
};

static struct {
	bool on;
	struct spell entra, jira, rest; /* rest: store, replication, webhooks */
	struct weather_counts counts;
} weather;

static bool chance(uint64_t one_in)
{
	return one_in > 0 && sim_random_below(one_in) == 0;
}

static void spell_change(struct spell *spell)
{
	static const uint64_t frequencies[] = {1, 2, 5, 20};
	*spell = (struct spell){.until = sim_now_ms() + 1000 + (int64_t)sim_random_below(SPELL_MS)};
	if (sim_random_below(CALM_PARTS + 1) < CALM_PARTS)
		return;
	spell->fault = (enum net_fault)(1 + sim_random_below(NET_FAULTS - 1));
	spell->one_in = frequencies[sim_random_below(4)];
}

static void change_directory(int64_t replication_ms, int64_t writes)
{
	json_decref(net_control("PUT", "/control/faults",
	                        json_pack("{s:I,s:{s:I,s:I}}", "replicationDelayMs", (json_int_t)replication_ms, "throttle",
	                                  "writes", (json_int_t)writes, "windowMs", (json_int_t)20000)));
}

static void rest_change(void)
{
	static const int64_t delays[] = {0, 0, 700, 5000, 45000};
	static const int64_t writes[] = {0, 0, 0, 25};
	spell_change(&weather.rest);
	world.lose_events = chance(6);
	change_directory(delays[sim_random_below(5)], writes[sim_random_below(4)]);
}

static void store_spoil(void)
{
	uint64_t nth = 1 + sim_random_below(40);
	if (!chance(weather.rest.one_in > 0 ? 8 : 400))
		return;
	weather.counts.store++;
	if (chance(2))
		store_fault_fail_nth(world.store, nth, RESULT_UNAVAILABLE);
	else
		store_fault_lose_nth(world.store, nth, RESULT_UNAVAILABLE);
}

static enum net_fault decide(void *unused, const struct net_call *call)
{
	const struct spell *spell = call->jira ? &weather.jira : &weather.entra;
	(void)unused;
	if (world.dead)
		return NET_REFUSED;
	if (!weather.on)
		return NET_FINE;
	if (chance(700)) {
		weather.counts.deaths++;
		world_die();
		return chance(2) ? NET_REFUSED : NET_RESET_AFTER;
	}
	if (!chance(spell->one_in))
		return NET_FINE;
	weather.counts.network++;
	return spell->fault;
}

void weather_forget(void)
{
	weather.counts = (struct weather_counts){0};
}

void weather_begin(void)
{
	weather.on = true;
	weather.entra = weather.jira = weather.rest = (struct spell){0};
	net_decide(decide, NULL);
}

void weather_turn(void)
{
	int64_t now = sim_now_ms();
	if (!weather.on || world.dead)
		return;
	if (now >= weather.entra.until)
		spell_change(&weather.entra);
	if (now >= weather.jira.until)
		spell_change(&weather.jira);
	if (now >= weather.rest.until)
		rest_change();
	store_spoil();
	if (world.depth == 0 && chance(3000)) {
		weather.counts.restarts++;
		world_restart();
	}
}

void weather_end(void)
{
	weather.on = false;
	world.lose_events = false;
	change_directory(0, 0);
	store_fault_fail_nth(world.store, 0, RESULT_OK);
}

struct weather_counts weather_counts(void)
{
	return weather.counts;
}
