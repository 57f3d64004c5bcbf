/* A long time with much going wrong, on simulated time, and a model that knows what must be true.
 *
 *	soak [--seed N] [--seeds COUNT] [--minutes M]
 *
 * Two hundred and twenty people ask for five tools behind two connectors; what they ask is approved, declined and taken
 * away again, one by one and in bursts; an admin looks after what asks for a person. Meanwhile Entra, Jira and the
 *store fail in spells, and the process dies and comes back. Every ten minutes the weather clears; then all work must
 *get done, and everything is compared with the model. Prints TAP, a line a seed; a seed that failed fails again. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "sim_world.h"
#include "soak_people.h"
#include "soak_weather.h"

#define MINUTE_MS 60000
#define ROUND_MS (10LL * MINUTE_MS)
#define PATIENCE_MS (6LL * 3600 * 1000)

static int64_t acts_at, checks_at, admin_at;

/* While a call is on its way others go on: people act, and other threads of the worker take their turns. A thread that
 * waits for a token would have to wait for real. */
static void meanwhile(const struct net_call *call)
{
	int64_t delay_ms = 0;
	if (world.dead || strstr(call->path, "/oauth2/") != NULL)
		return;
	if (sim_random_below(40) == 0)
		people_act();
	if (world.depth >= WORLD_THREADS || sim_random_below(6) != 0)
		return;
	for (int i = 0; i < WORLD_THREADS; i++) {
		if (world.at_work[i])
			continue;
		(void)world_turn(i, &delay_ms);
		return;
	}
}

static bool do_what_is_due(void)
{
	int64_t now = sim_now_ms();
	weather_turn();
	if (now >= acts_at) {
		people_act();
		acts_at = now + 100 + (int64_t)sim_random_below(4000);
	}
	if (now >= admin_at) {
		(void)people_resolve();
		admin_at = now + MINUTE_MS + (int64_t)sim_random_below(5LL * MINUTE_MS);
	}
	if (now < checks_at)
		return true;
	checks_at = now + MINUTE_MS;
	return people_are_safe();
}

static bool run_round(int64_t until)
{
	int64_t delay_ms = 0;
	weather_begin();
	while (sim_now_ms() < until) {
		if (!do_what_is_due())
			return false;
		if (world_turn((int)sim_random_below(WORLD_THREADS), &delay_ms))
			continue;
		int64_t to_act = acts_at - sim_now_ms();
		int64_t pause = delay_ms < to_act ? delay_ms : to_act;
		sim_pass_ms(pause < 1 ? 1 : pause);
	}
	weather_end();
	return true;
}

/* The weather is clear: all work gets done, the admin's too. */
static bool come_to_rest(void)
{
	int64_t until = sim_now_ms() + PATIENCE_MS;
	while (sim_now_ms() < until) {
		if (!world_settle(PATIENCE_MS))
			break;
		/* What was lost is found by a sweep. */
		sim_pass_ms(400000);
		if (!world_settle(PATIENCE_MS))
			break;
		if (people_resolve() == 0)
			return people_have_what_they_should();
	}
	printf("# work is left undone:\n");
	world_print_open_jobs();
	return false;
}

static bool soak(uint64_t seed, int64_t minutes)
{
	sim_clock_set(WORLD_START);
	sim_seed(seed);
	world_open();
	people_begin();
	weather_forget();
	net_meanwhile(meanwhile);
	acts_at = checks_at = 0;
	admin_at = sim_now_ms() + MINUTE_MS;
	bool held = true;
	for (int64_t left = minutes * MINUTE_MS; held && left > 0; left -= ROUND_MS)
		held = run_round(sim_now_ms() + (left < ROUND_MS ? left : ROUND_MS)) && come_to_rest();
	net_meanwhile(NULL);
	net_decide(NULL, NULL);
	world_close();
	return held;
}

static void tell(uint64_t seed, int64_t minutes)
{
	struct people_counts people = people_counts();
	struct weather_counts weather = weather_counts();
	printf(
	    "# seed %llu, %lld minutes: %llu filed, %llu approved, %llu declined, %llu taken away, %llu resolved by hand; "
	    "%llu answers lost or refused by the network, %llu by the store, %llu deaths, %llu restarts; the model was "
	    "asked %llu times\n",
	    (unsigned long long)seed, (long long)minutes, (unsigned long long)people.filed,
	    (unsigned long long)people.approved, (unsigned long long)people.declined, (unsigned long long)people.removed,
	    (unsigned long long)people.resolved, (unsigned long long)weather.network, (unsigned long long)weather.store,
	    (unsigned long long)weather.deaths, (unsigned long long)weather.restarts, (unsigned long long)people.checked);
}

struct flags {
	uint64_t seed, seeds;
	int64_t minutes;
};

static bool flags_read(int argc, char **argv, struct flags *flags)
{
	static const struct option known[] = {{"seed", required_argument, NULL, 's'},
	                                      {"seeds", required_argument, NULL, 'n'},
	                                      {"minutes", required_argument, NULL, 'm'},
	                                      {NULL, 0, NULL, 0}};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == 's')
			flags->seed = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			flags->seeds = strtoull(optarg, NULL, 10);
		else if (option == 'm')
			flags->minutes = strtoll(optarg, NULL, 10);
		else
			return false;
	}
	return optind == argc;
}

int main(int argc, char **argv)
{
	struct flags flags = {.seed = 1, .seeds = 1, .minutes = 20};
	int failed = 0;
	if (!flags_read(argc, argv, &flags))
		return 2;
	sim_seed(0);
	world_begin();
	printf("1..%llu\n", (unsigned long long)flags.seeds);
	for (uint64_t at = 0; at < flags.seeds; at++) {
		uint64_t seed = flags.seed + at;
		bool held = soak(seed, flags.minutes);
		failed += held ? 0 : 1;
		tell(seed, flags.minutes);
		printf("%s %llu - everybody has what was approved, and no more: soak --seed %llu --minutes %lld\n",
		       held ? "ok" : "not ok", (unsigned long long)at + 1, (unsigned long long)seed, (long long)flags.minutes);
		fflush(stdout);
	}
	world_end();
	return failed == 0 ? 0 : 1;
}
