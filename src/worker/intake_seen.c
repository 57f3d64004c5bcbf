#include <pthread.h>
#include <string.h>

#include "base/text.h"
#include "worker/intake.h"

#define SEEN_MAX 4096
#define ISSUE_ID_SIZE 32

struct seen {
	char issue_id[ISSUE_ID_SIZE];
	uint64_t site;
	int64_t updated_at;
	int64_t settings_version;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seen table[SEEN_MAX];

/* FNV-1a */
static uint64_t hash_of(const char *string, uint64_t hash)
{
	for (; *string; string++)
		hash = (hash ^ (unsigned char)*string) * 1099511628211ULL;
	return hash;
}

static struct seen *slot_of(const char *site, const char *issue_id, uint64_t *ret_site)
{
	*ret_site = hash_of(site, 14695981039346656037ULL);
	return &table[hash_of(issue_id, *ret_site) % SEEN_MAX];
}

void intake_seen_note(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version)
{
	if (updated_at == 0 || strlen(issue_id) >= ISSUE_ID_SIZE)
		return;
	uint64_t site_hash;
	pthread_mutex_lock(&lock);
	struct seen *slot = slot_of(site, issue_id, &site_hash);
	*slot = (struct seen){.site = site_hash, .updated_at = updated_at, .settings_version = settings_version};
	memcpy(slot->issue_id, issue_id, strlen(issue_id) + 1);
	pthread_mutex_unlock(&lock);
}

bool intake_seen_has(const char *site, const char *issue_id, int64_t updated_at, int64_t settings_version)
{
	if (updated_at == 0)
		return false;
	uint64_t site_hash;
	pthread_mutex_lock(&lock);
	const struct seen *slot = slot_of(site, issue_id, &site_hash);
	bool has = slot->site == site_hash && slot->updated_at == updated_at &&
	           slot->settings_version == settings_version && text_equal(slot->issue_id, issue_id);
	pthread_mutex_unlock(&lock);
	return has;
}
