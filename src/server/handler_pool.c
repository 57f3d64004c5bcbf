#include "server/handler_pool.h"

#include <pthread.h>

#include "base/memory.h"

#define HANDLER_THREADS_MAX 32

/* Handlers keep their data in arenas, and the JSON that they read is at most 64 levels deep, so a small stack does.
 * Sanitizers need room of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HANDLER_STACK (2 << 20)
#else
#define HANDLER_STACK (256 << 10)
#endif

struct handler_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct handler_work *first;
	struct handler_work **last;
	size_t queued;
	size_t limit;
	bool stopping;
	int thread_count;
	pthread_t threads[HANDLER_THREADS_MAX];
};

static struct handler_work *handler_pool_take(struct handler_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->first == NULL && !pool->stopping)
		pthread_cond_wait(&pool->wake, &pool->lock);
	struct handler_work *work = pool->first;
	if (work != NULL) {
		pool->first = work->next;
		pool->queued--;
		if (pool->first == NULL)
			pool->last = &pool->first;
	}
	pthread_mutex_unlock(&pool->lock);
	return work;
}

static void *handler_pool_run(void *context)
{
	struct handler_pool *pool = context;
	for (struct handler_work *work = handler_pool_take(pool); work != NULL; work = handler_pool_take(pool))
		work->run(work);
	return NULL;
}

static enum result handler_pool_start(struct handler_pool *pool, int threads)
{
	pthread_attr_t attributes;
	if (pthread_attr_init(&attributes) != 0)
		return RESULT_NO_MEMORY;
	enum result result = pthread_attr_setstacksize(&attributes, HANDLER_STACK) == 0 ? RESULT_OK : RESULT_IO;
	for (int i = 0; i < threads && result == RESULT_OK; i++) {
		if (pthread_create(&pool->threads[i], &attributes, handler_pool_run, pool) == 0)
			pool->thread_count++;
		else
			result = RESULT_NO_MEMORY;
	}
	pthread_attr_destroy(&attributes);
	return result;
}

enum result handler_pool_new(int threads, size_t queue_limit, struct handler_pool **ret_pool)
{
	struct handler_pool *pool = memory_calloc(1, sizeof *pool);
	if (pool == NULL)
		return RESULT_NO_MEMORY;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pool->last = &pool->first;
	pool->limit = queue_limit;
	enum result result = handler_pool_start(pool, threads < HANDLER_THREADS_MAX ? threads : HANDLER_THREADS_MAX);
	if (result != RESULT_OK) {
		handler_pool_free(pool);
		return result;
	}
	*ret_pool = pool;
	return RESULT_OK;
}

bool handler_pool_submit(struct handler_pool *pool, struct handler_work *work)
{
	pthread_mutex_lock(&pool->lock);
	bool taken = !pool->stopping && pool->queued < pool->limit;
	if (taken) {
		work->next = NULL;
		*pool->last = work;
		pool->last = &work->next;
		pool->queued++;
		pthread_cond_signal(&pool->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

void handler_pool_stop(struct handler_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	pool->thread_count = 0;
}

void handler_pool_free(struct handler_pool *pool)
{
	if (pool == NULL)
		return;
	handler_pool_stop(pool);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	memory_free(pool);
}
