/* What a program has spent: time, processor time (all its threads), and the most memory it ever had. */
#ifndef AIC_BENCHMARKS_SPENT_H
#define AIC_BENCHMARKS_SPENT_H

#include <sys/resource.h>

#include "base/clock.h"

struct spent {
	long long ms;
	double cpu_ms;
	long peak_kib;
};

static inline struct spent spent_so_far(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (struct spent){
	    .ms = (long long)clock_monotonic_ms(clock_system()),
	    .cpu_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	              (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
	    .peak_kib = usage.ru_maxrss,
	};
}

static inline struct spent spent_since(const struct spent *before)
{
	struct spent now = spent_so_far();
	now.ms -= before->ms;
	now.cpu_ms -= before->cpu_ms;
	return now;
}

#endif
