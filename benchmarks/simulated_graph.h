/* The sandbox's Graph as the other end of http/client.h, within this process and on simulated time: no socket, no real
 * waiting, and one order of events.
 *
 * Stands in for http/client.c: whoever links this has no real client. An exchange arrives half a latency after it was
 * sent, and is answered half a latency later; those of one call travel together. */
#ifndef AIC_BENCHMARKS_SIMULATED_GRAPH_H
#define AIC_BENCHMARKS_SIMULATED_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "http/client.h"
#include "sandbox.h"
#include "simulated_time.h"

/* Whose membership is waited for. */
struct simulated_watch {
	char group_id[64], user_id[64];
	int64_t seen_at; /* when the directory had it; 0: not yet */
};

struct simulated_graph {
	struct sandbox sandbox;
	struct simulated_time *time;
	int64_t latency_ms;
	char origin[32]; /* its own: what the connector has learned of another is no concern of it */
	struct http_client *client;
	struct simulated_watch *watches;
	size_t watch_count, watched; /* the first `watched` are seen */
	/* noted */
	int64_t calls;
	int64_t throttled;    /* answers, and items, that were 429 */
	int64_t early;        /* calls that went out before the last Retry-After that had arrived was over */
	int64_t closed_until; /* by it */
};

void simulated_graph_open(struct simulated_graph *graph, struct simulated_time *time, int64_t latency_ms);
/* `people` users and `groups` empty groups, named as null_store.h has them; and the limit on writes: `link_cost` is
 * what a PATCH of twenty links counts for. */
void simulated_graph_fill(struct simulated_graph *graph, size_t people, size_t groups, int64_t link_cost);
void simulated_graph_close(struct simulated_graph *graph);

#endif
