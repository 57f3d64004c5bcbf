#include "year_weather.h"

#include "sim_clock.h"
#include "sim_net.h"
#include "sim_world.h"
#include "year_people.h"

#define HOUR_MS (INT64_C(3600) * 1000)

static struct {
	int64_t entra_until, jira_until;
	enum net_fault entra, jira; /* how it is down */
	uint64_t one_in;            /* so many calls are lost; 0: none */
	bool still;
	struct year_weather_counts counts;
} weather;

static bool chance(uint64_t one_in)
{
	return one_in > 0 && sim_random_below(one_in) == 0;
}

bool year_entra_is_down(void)
{
	return sim_now_ms() < weather.entra_until;
}

bool year_jira_is_down(void)
{
	return sim_now_ms() < weather.jira_until;
}

static enum net_fault some_outage(void)
{
	static const enum net_fault faults[] = {NET_REFUSED, NET_503_BEFORE, NET_TIMEOUT_BEFORE};
	return faults[sim_random_below(3)];
}

static enum net_fault decide(void *unused, const struct net_call *call)
{
	(void)unused;
	if (world.dead)
		return NET_REFUSED;
	if (call->jira && year_jira_is_down())
		return weather.jira;
	if (!call->jira && year_entra_is_down())
		return weather.entra;
	if (weather.still)
		return NET_FINE;
	if (chance(1500)) {
		weather.counts.deaths++;
		world_die();
		return chance(2) ? NET_REFUSED : NET_RESET_AFTER;
	}
	if (!chance(weather.one_in))
		return NET_FINE;
	weather.counts.lost++;
	return (enum net_fault)(1 + sim_random_below(NET_FAULTS - 1));
}

static int64_t some_hours(uint64_t most)
{
	return (int64_t)(1 + sim_random_below(most)) * HOUR_MS;
}

void year_entra_down_until(int64_t until)
{
	weather.entra_until = until;
	weather.entra = some_outage();
	weather.counts.outages++;
}

static int some_service_days(void)
{
	return chance(4) ? 7 + (int)sim_random_below(8) : 1 + (int)sim_random_below(3);
}

void year_weather_day(bool calm, int *ret_service_days)
{
	weather.one_in = !calm && chance(4) ? 15 : 0;
	world.lose_events = !calm && chance(8);
	*ret_service_days = 0;
	if (world.depth == 0 && chance(6)) {
		weather.counts.restarts++;
		world_restart();
	}
	if (calm)
		return;
	if (chance(18) && !year_entra_is_down())
		year_entra_down_until(sim_now_ms() + some_hours(60));
	if (chance(18) && !year_jira_is_down()) {
		weather.jira_until = sim_now_ms() + some_hours(48);
		weather.jira = some_outage();
		weather.counts.outages++;
	}
	if (chance(25))
		*ret_service_days = some_service_days();
}

void year_weather_service_is_down(int days)
{
	weather.counts.outages++;
	weather.counts.service_days += (uint64_t)days;
}

void year_weather_still(bool still)
{
	weather.still = still;
	if (still)
		world.lose_events = false;
}

void year_weather_begin(void)
{
	weather.entra_until = weather.jira_until = 0;
	weather.one_in = 0;
	weather.still = false;
	weather.counts = (struct year_weather_counts){0};
	net_decide(decide, NULL);
}

void year_weather_end(void)
{
	net_decide(NULL, NULL);
}

struct year_weather_counts year_weather_counts(void)
{
	return weather.counts;
}
