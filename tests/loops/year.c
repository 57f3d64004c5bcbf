/* A year of the service, on simulated time, and a model that knows each day who must be in which group.
 *
 *	year [--seed N] [--seeds COUNT] [--days D] [--grants G]
 *
 * People ask for five tools in four groups, for three days to five months; what they ask is approved, declined, taken
 * away again, and ends when its time is over. Some join together, so that they leave together, and the brake holds them
 * until an admin lets them go or not. Entra or Jira is down for hours or days, the service for up to two weeks; calls
 * and webhooks get lost, the process dies. Now and then the database of yesterday is put back. Each day, once all work
 * is done, everything is compared with the model; and every few hours, whatever is under way, that nobody lost what
 * they have and nobody got in again. Prints TAP, a line a seed; a seed that failed fails again. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "sim_clock.h"
#include "sim_memory.h"
#include "sim_net.h"
#include "sim_world.h"
#include "year_admin.h"
#include "year_check.h"
#include "year_people.h"
#include "year_restore.h"
#include "year_weather.h"

#define MINUTE_MS (INT64_C(60) * 1000)
#define HOUR_MS (60 * MINUTE_MS)
#define PATIENCE_MS (6 * HOUR_MS)
#define ROUNDS 10
#define IDLE_MS (60 * MINUTE_MS) /* how far time may jump while nothing is left to do */
#define SWEEP_SECONDS 3600
#define CHECK_SECONDS (12 * 3600)
/* The last so many days are calm, so that the year ends with nothing under way. */
#define LAST_DAYS 2

static struct {
	int days, day;
	size_t most;
	int64_t act_every_ms, acts_at, looks_at;
	int down_days;
	int joins_at, drills_at, outage_at; /* days: as soon as all is well from then on */
	int rested;                         /* the last day at whose end all was compared */
	bool drill;
} plan;

static bool is_up(void)
{
	return plan.down_days == 0;
}

/* ---- time ---- */

static bool do_what_is_due(void)
{
	int64_t now = sim_now_ms();
	if (now >= plan.acts_at) {
		year_act(!year_jira_is_down(), is_up() && !world.dead);
		plan.acts_at = now + 1 + (int64_t)sim_random_below((uint64_t)(2 * plan.act_every_ms));
	}
	if (now < plan.looks_at)
		return true;
	plan.looks_at = now + 3 * HOUR_MS;
	return year_is_safe();
}

/* While the service works, time passes as it does; else it jumps. */
static void pass(int64_t until, int64_t delay_ms)
{
	int64_t left = until - sim_now_ms();
	int64_t to_act = plan.acts_at - sim_now_ms();
	bool stuck = year_entra_is_down() || year_jira_is_down();
	int64_t step = !is_up() || world_is_quiet() ? IDLE_MS : stuck ? 20 * MINUTE_MS : delay_ms;
	step = step < left ? step : left;
	step = step < to_act ? step : to_act;
	sim_jump_ms(step < 1 ? 1 : step);
}

static bool live_until(int64_t until)
{
	int64_t delay_ms = 0;
	while (sim_now_ms() < until) {
		if (!do_what_is_due())
			return false;
		if (is_up() && world_turn((int)sim_random_below(WORLD_THREADS), &delay_ms))
			continue;
		pass(until, delay_ms);
	}
	return true;
}

/* ---- rest ---- */

static bool work_is_left(void)
{
	printf("# work is left undone:\n");
	world_print_open_jobs();
	return false;
}

/* A sweep finds what was lost; then all is done but what an admin lets wait. */
static bool come_to_rest(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (!world_settle(PATIENCE_MS))
			return work_is_left();
		sim_jump_ms(SWEEP_SECONDS * INT64_C(1000) + MINUTE_MS);
		if (!world_settle(PATIENCE_MS))
			return work_is_left();
		if (!year_follow_up(round == 0))
			return year_holds();
	}
	printf("# an admin is asked for ever\n");
	return false;
}

/* The connection test of every connector, now. The place for the check of the groups against the grants, which finds
 * what is missing and what is there without approval: it must find nothing here. */
static bool check_fully(void)
{
	struct error error = {0};
	return world.real->ops->check_enqueue_due(world.real, sim_now_ms() + 1, &error) == RESULT_OK &&
	       world_settle(PATIENCE_MS);
}

/* ---- a database of yesterday ---- */

/* Some are approved while Entra is down, so that the copy has provisionings that wait. */
static bool copy_amid_work(void)
{
	plan.drills_at = plan.day + 25;
	year_entra_down_until(sim_now_ms() + 2 * HOUR_MS);
	year_join_together(3, 6, 20);
	plan.drill = live_until(sim_now_ms() + HOUR_MS / 2);
	year_copy();
	return plan.drill;
}

static bool put_back(void)
{
	plan.drill = false;
	if (!come_to_rest())
		return false;
	year_take_away_since();
	if (!come_to_rest())
		return false;
	world_restart();
	if (!check_fully() || !come_to_rest())
		return false;
	year_put_back();
	if (!world_settle(PATIENCE_MS))
		return work_is_left();
	sim_jump_ms(SWEEP_SECONDS * INT64_C(1000) + MINUTE_MS);
	if (!world_settle(PATIENCE_MS))
		return work_is_left();
	bool hold = year_nobody_is_back();
	year_revoke_again();
	return check_fully() && come_to_rest() && hold;
}

/* ---- days ---- */

static bool is_calm(void)
{
	return plan.drill || plan.day >= plan.days - LAST_DAYS;
}

static void go_down(int days)
{
	plan.down_days = days;
	year_weather_service_is_down(days);
	world_stop();
}

/* Whatever Jira sent meanwhile it has given up. */
static void come_up(void)
{
	for (json_t *event; (event = net_event_take()) != NULL;)
		json_decref(event);
	year_foresee();
	world_start();
}

static void begin_day(void)
{
	int down = 0;
	if (!is_up()) {
		if (--plan.down_days == 0)
			come_up();
		return;
	}
	year_weather_day(is_calm(), &down);
	/* Those who join together leave together: the first time while the service is down. */
	if (plan.day >= plan.joins_at && !year_jira_is_down()) {
		year_join_together((plan.day / 50) % WORLD_TOOLS, 26 + (int)sim_random_below(15), 14);
		if (plan.outage_at == 0)
			plan.outage_at = plan.day + 10;
		plan.joins_at = plan.day + 45;
	}
	if (plan.outage_at > 0 && plan.day >= plan.outage_at && !plan.drill) {
		plan.outage_at = INT_MAX;
		down = 12;
	}
	if (down > 0 && plan.day + down < plan.days - LAST_DAYS && !plan.drill)
		go_down(down);
}

/* The day's end: all is compared, if nothing is down that work waits for. */
static bool end_day(void)
{
	if (!is_up() || year_entra_is_down() || year_jira_is_down())
		return year_is_safe();
	year_weather_still(true);
	bool hold = plan.drill ? put_back() : come_to_rest();
	if (hold && !plan.drill && year_settle_held())
		hold = come_to_rest();
	year_weather_still(false);
	plan.rested = plan.day;
	return hold;
}

static bool all_is_well(void)
{
	return is_up() && !year_entra_is_down() && !year_jira_is_down() && plan.rested == plan.day - 1 &&
	       plan.day < plan.days - LAST_DAYS;
}

static bool run_day(void)
{
	int64_t morning = WORLD_START + plan.day * YEAR_DAY_MS;
	begin_day();
	if (!live_until(morning + 12 * HOUR_MS))
		return false;
	bool drills = !plan.drill && plan.day >= plan.drills_at && all_is_well() && year_nothing_is_held();
	if (drills && !copy_amid_work())
		return false;
	return live_until(morning + 20 * HOUR_MS) && (drills || end_day());
}

static bool run_year(uint64_t seed, int days, size_t grants)
{
	sim_clock_set(WORLD_START);
	sim_seed(seed);
	plan.days = days;
	plan.most = grants;
	plan.act_every_ms = 5 * days * YEAR_DAY_MS / (int64_t)(9 * grants);
	plan.acts_at = plan.looks_at = 0;
	plan.down_days = plan.outage_at = 0;
	plan.rested = -1;
	plan.joins_at = 8;
	plan.drills_at = 4;
	plan.drill = false;
	world.sweep_seconds = SWEEP_SECONDS;
	world.check_seconds = CHECK_SECONDS;
	world_open();
	year_begin(2 * grants);
	year_weather_begin();
	bool held = true;
	for (plan.day = 0; held && plan.day < days; plan.day++)
		held = run_day();
	_cleanup_(arena_freep) struct arena *arena = arena_new(64 << 20);
	const char *fault = held ? world_audit_fault(arena) : NULL;
	if (fault != NULL)
		printf("# audit trail: %s\n", fault);
	held = held && fault == NULL && year_was_told();
	year_weather_end();
	world_close();
	return held;
}

/* ---- what is told ---- */

/* Of two months on: a run in which these never happened shows nothing about them. */
static bool met_everything(int days)
{
	const struct year_counts *counts = &year.counts;
	bool met = days < 60 || (counts->held > 0 && counts->expired > 0 && counts->restored > 0 &&
	                         counts->taken_away > 0 && year_weather_counts().service_days >= 12);
	if (!met)
		printf("# the year was too quiet to show anything\n");
	return met;
}

static void tell(uint64_t seed)
{
	struct year_counts people = year.counts;
	struct year_weather_counts weather = year_weather_counts();
#define N(value) ((unsigned long long)(value))
	printf(
	    "# seed %llu, %d days: %llu asked for, %llu approved, %llu declined, %llu taken away, %llu ended by time, %llu "
	    "extended; %llu stayed by another grant or before us\n",
	    N(seed), plan.day, N(people.filed), N(people.approved), N(people.declined), N(people.taken_away),
	    N(people.expired), N(people.extended), N(people.kept_by_two));
	printf(
	    "# %llu removals held, of which %llu asked for one by one, %llu let go, %llu cancelled; %llu follow-ups; %llu "
	    "databases of yesterday, %llu put in again by a revoke that was lost with one, %llu revoked again\n",
	    N(people.held), N(people.asked_of_held), N(people.released), N(people.cancelled), N(people.followed_up),
	    N(people.restored), N(people.put_in_again), N(people.revoked_again));
	printf(
	    "# %llu outages (the service down for %llu days), %llu calls lost, %llu deaths, %llu restarts; the model was "
	    "asked %llu times about %llu memberships\n",
	    N(weather.outages), N(weather.service_days), N(weather.lost), N(weather.deaths), N(weather.restarts),
	    N(people.checked), N(people.looked));
#undef N
}

struct flags {
	uint64_t seed, seeds, grants;
	int days;
};

static bool flags_read(int argc, char **argv, struct flags *flags)
{
	static const struct option known[] = {{"seed", required_argument, NULL, 's'},
	                                      {"seeds", required_argument, NULL, 'n'},
	                                      {"days", required_argument, NULL, 'd'},
	                                      {"grants", required_argument, NULL, 'g'},
	                                      {NULL, 0, NULL, 0}};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == 's')
			flags->seed = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			flags->seeds = strtoull(optarg, NULL, 10);
		else if (option == 'd')
			flags->days = atoi(optarg);
		else if (option == 'g')
			flags->grants = strtoull(optarg, NULL, 10);
		else
			return false;
	}
	return optind == argc && flags->days > LAST_DAYS && flags->grants > 0;
}

int main(int argc, char **argv)
{
	struct flags flags = {.seed = 1, .seeds = 1, .days = 365, .grants = 1000};
	int failed = 0;
	if (!flags_read(argc, argv, &flags))
		return 2;
	sim_seed(0);
	world_begin();
	printf("1..%llu\n", (unsigned long long)flags.seeds);
	for (uint64_t at = 0; at < flags.seeds; at++) {
		uint64_t seed = flags.seed + at;
		bool held = run_year(seed, flags.days, flags.grants) && met_everything(flags.days);
		failed += held ? 0 : 1;
		tell(seed);
		printf("%s %llu - each day the groups are what the approvals say: year --seed %llu --days %d --grants %llu\n",
		       held ? "ok" : "not ok", (unsigned long long)at + 1, (unsigned long long)seed, flags.days,
		       (unsigned long long)flags.grants);
		fflush(stdout);
	}
	world_end();
	return failed == 0 ? 0 : 1;
}
