/* 400 additions in 20 groups through the planner and the connector, again and again, on a null store. The first time
 * the sandbox's Graph answers; the times after that get the same answers from memory, so that they cost what the engine
 * costs. The program is linked with --wrap for the two calls of http/client.h. */
#ifndef AIC_BENCHMARKS_HOT_ENGINE_H
#define AIC_BENCHMARKS_HOT_ENGINE_H

#include <stddef.h>

/* With answers from memory; what is before is the work of the sandbox as well. */
void hot_engine_rounds(size_t rounds);
/* One of the rounds: what callgrind is told to count. */
struct hot_engine;
void hot_engine_replay(struct hot_engine *engine);

#endif
