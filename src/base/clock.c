#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MS_PER_DAY INT64_C(86400000)

static int64_t read_clock(clockid_t which)
{
	struct timespec now;
	clock_gettime(which, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_now_ms(const struct clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(const struct clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_BOOTTIME); /* goes on while the machine sleeps, as the wall clock does */
}

const struct clock *clock_system(void)
{
	static const struct clock system = {.now_ms = system_now_ms, .monotonic_ms = system_monotonic_ms};
	return &system;
}

static int64_t manual_now_ms(const struct clock *clock)
{
	/* `clock` is the first member. */
	return ((const struct clock_manual *)clock)->now;
}

void clock_manual_init(struct clock_manual *manual, int64_t now_ms)
{
	manual->clock = (struct clock){.now_ms = manual_now_ms, .monotonic_ms = manual_now_ms};
	manual->now = now_ms;
}

void clock_manual_advance(struct clock_manual *manual, int64_t by_ms)
{
	manual->now += by_ms;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

void clock_format(int64_t at_ms, char out[CLOCK_TEXT_SIZE])
{
	static const int64_t earliest = INT64_C(-62167219200000); /* 0000-01-01: what four digits can hold */
	static const int64_t latest = INT64_C(253402300799999);
	if (at_ms < earliest)
		at_ms = earliest;
	if (at_ms > latest)
		at_ms = latest;
	int64_t seconds = at_ms / 1000 - (at_ms % 1000 < 0);
	time_t time = (time_t)seconds;
	struct tm parts;
	gmtime_r(&time, &parts);
	/* The remainders change nothing: they tell the compiler how much can be written. */
	snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)(parts.tm_year + 1900) % 10000,
	         (unsigned)(parts.tm_mon + 1) % 100, (unsigned)parts.tm_mday % 100, (unsigned)parts.tm_hour % 100,
	         (unsigned)parts.tm_min % 100, (unsigned)parts.tm_sec % 100);
}

/* Exactly `count` digits at *at; moves *at behind them. */
static bool take_digits(const char **at, int count, int *ret_value)
{
	int value = 0;
	for (int i = 0; i < count; i++) {
		char digit = (*at)[i];
		if (digit < '0' || digit > '9')
			return false;
		value = value * 10 + (digit - '0');
	}
	*at += count;
	*ret_value = value;
	return true;
}

static bool take_char(const char **at, const char *any_of)
{
	if (**at == '\0' || strchr(any_of, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

static bool take_date(const char **at, int64_t *ret_days)
{
	static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	if (!take_digits(at, 4, &year) || !take_char(at, "-") || !take_digits(at, 2, &month) || !take_char(at, "-") ||
	    !take_digits(at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (day > month_days[month - 1] + (month == 2 && leap))
		return false;
	*ret_days = days_from_civil(year, month, day);
	return true;
}

/* Milliseconds of the day, fraction included. A leap second counts as the first of the next minute. */
static bool take_time(const char **at, int64_t *ret_ms)
{
	int hour, minute, second;
	if (!take_digits(at, 2, &hour) || !take_char(at, ":") || !take_digits(at, 2, &minute) || !take_char(at, ":") ||
	    !take_digits(at, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	int fraction = 0;
	if (take_char(at, ".")) {
		int scale = 100, digit;
		if (!take_digits(at, 1, &digit))
			return false;
		do {
			fraction += digit * scale;
			scale /= 10;
		} while (take_digits(at, 1, &digit));
	}
	*ret_ms = ((int64_t)hour * 3600 + minute * 60 + second) * 1000 + fraction;
	return true;
}

static bool take_offset(const char **at, int64_t *ret_ms)
{
	if (take_char(at, "Zz")) {
		*ret_ms = 0;
		return true;
	}
	bool west = **at == '-';
	int hour, minute;
	if (!take_char(at, "+-") || !take_digits(at, 2, &hour))
		return false;
	(void)take_char(at, ":");
	if (!take_digits(at, 2, &minute) || hour > 23 || minute > 59)
		return false;
	int64_t offset = ((int64_t)hour * 60 + minute) * 60000;
	*ret_ms = west ? -offset : offset;
	return true;
}

enum result clock_parse(const char *string, int64_t *ret_at_ms)
{
	int64_t days, time_ms, offset_ms;
	if (string == NULL || !take_date(&string, &days) || !take_char(&string, "Tt") || !take_time(&string, &time_ms) ||
	    !take_offset(&string, &offset_ms) || *string != '\0')
		return RESULT_INVALID;
	*ret_at_ms = days * MS_PER_DAY + time_ms - offset_ms;
	return RESULT_OK;
}
