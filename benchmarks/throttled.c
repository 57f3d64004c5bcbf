/* throttled LINK_COST MINUTES LATENCY_MS: throttled_tenant.h, as one line of JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "throttled_tenant.h"

int main(int argc, char **argv)
{
	struct throttled_figures figures;
	if (argc != 4) {
		fprintf(stderr, "usage: throttled LINK_COST MINUTES LATENCY_MS\n");
		return 2;
	}
	const struct throttled_options options = {
	    .link_cost = atol(argv[1]), .duration_ms = atol(argv[2]) * 60000, .latency_ms = atol(argv[3])};
	throttled_tenant_run(&options, &figures);
	printf("{\"allowed\":%lld,\"used\":%lld,\"throttled\":%lld,\"early\":%lld,\"calls\":%lld,\"memberships\":%zu,"
	       "\"followUps\":%zu,\"singles\":%zu,\"singlesUnmet\":%zu,\"slowestMs\":%lld}\n",
	       (long long)figures.allowed, (long long)figures.used, (long long)figures.throttled, (long long)figures.early,
	       (long long)figures.calls, figures.memberships, figures.follow_ups, figures.singles, figures.singles_unmet,
	       (long long)figures.slowest_ms);
	return 0;
}
