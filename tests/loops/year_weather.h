/* What goes wrong in a year: one side is down for hours or days, calls get lost, webhooks do not come, the process
 * dies.
 */
#ifndef AIC_TESTS_LOOPS_YEAR_WEATHER_H
#define AIC_TESTS_LOOPS_YEAR_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

struct year_weather_counts {
	uint64_t service_days, outages, lost, deaths, restarts;
};

void year_weather_begin(void);
void year_weather_end(void);
/* What this day brings; `service_days`: for so many, from now on, the service is to be down (0: it is up). */
void year_weather_day(bool calm, int *ret_service_days);
/* It is, for so many days: counted. */
void year_weather_service_is_down(int days);
void year_entra_down_until(int64_t until);
bool year_entra_is_down(void);
bool year_jira_is_down(void);
/* Nothing more than an outage that goes on. */
void year_weather_still(bool still);
struct year_weather_counts year_weather_counts(void);

#endif
