#include "sim_clock.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#define STEP_MS 1000

const struct clock *__wrap_clock_system(void);
int __wrap_nanosleep(const struct timespec *asked, struct timespec *ret_left);
time_t __wrap_time(time_t *ret_now);
ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags);

static struct clock_manual manual;
static void (*hook)(void);
static _Atomic uint64_t program_state;
static uint64_t test_state;

const struct clock *sim_clock(void)
{
	return &manual.clock;
}

int64_t sim_now_ms(void)
{
	return clock_now_ms(&manual.clock);
}

void sim_clock_set(int64_t now_ms)
{
	clock_manual_init(&manual, now_ms);
}

void sim_clock_hook(void (*passed)(void))
{
	hook = passed;
}

void sim_pass_ms(int64_t ms)
{
	while (ms > 0) {
		int64_t step = ms < STEP_MS ? ms : STEP_MS;
		clock_manual_advance(&manual, step);
		ms -= step;
		if (hook != NULL)
			hook();
	}
}

void sim_jump_ms(int64_t ms)
{
	clock_manual_advance(&manual, ms);
}

const struct clock *__wrap_clock_system(void)
{
	return &manual.clock;
}

int __wrap_nanosleep(const struct timespec *asked, struct timespec *ret_left)
{
	sim_pass_ms(asked->tv_sec * 1000 + asked->tv_nsec / 1000000);
	if (ret_left != NULL)
		*ret_left = (struct timespec){0};
	return 0;
}

time_t __wrap_time(time_t *ret_now)
{
	time_t now = (time_t)(sim_now_ms() / 1000);
	if (ret_now != NULL)
		*ret_now = now;
	return now;
}

/* splitmix64 */
static uint64_t mixed(uint64_t state)
{
	state = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	state = (state ^ (state >> 27)) * UINT64_C(0x94d049bb133111eb);
	return state ^ (state >> 31);
}

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

void sim_seed(uint64_t seed)
{
	program_state = mixed(seed + 1);
	test_state = mixed(seed + 2);
}

uint64_t sim_random_below(uint64_t limit)
{
	test_state += GOLDEN;
	return limit == 0 ? 0 : mixed(test_state) % limit;
}

ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags)
{
	unsigned char *at = out;
	(void)flags;
	for (size_t left = length; left > 0;) {
		uint64_t value = mixed(atomic_fetch_add(&program_state, GOLDEN) + GOLDEN);
		size_t part = left < sizeof(value) ? left : sizeof(value);
		memcpy(at, &value, part);
		at += part;
		left -= part;
	}
	return (ssize_t)length;
}
