/* Two events about one issue often come within milliseconds, and each has a job of its own. Were both to read "no
 * request yet", the slower one would find the faster one's grant and refuse a duplicate that nobody asked for. So
 * whoever comes second stands back and tries a moment later. The store's own rules keep the data right even without
 * this. */
#include <pthread.h>
#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

#define HELD_MAX 64
#define ISSUE_ID_SIZE 65

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char held[HELD_MAX][ISSUE_ID_SIZE];

bool intake_lock_try(const char *issue_id)
{
	if (strlen(issue_id) >= ISSUE_ID_SIZE)
		return false;
	bool taken = false;
	size_t free_at = HELD_MAX;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < HELD_MAX; i++) {
		if (held[i][0] == '\0')
			free_at = i;
		else if (text_equal(held[i], issue_id))
			taken = true;
	}
	bool got = !taken && free_at < HELD_MAX;
	if (got)
		memcpy(held[free_at], issue_id, strlen(issue_id) + 1);
	pthread_mutex_unlock(&lock);
	return got;
}

void intake_unlock(const char *issue_id)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < HELD_MAX; i++) {
		if (text_equal(held[i], issue_id))
			held[i][0] = '\0';
	}
	pthread_mutex_unlock(&lock);
}
