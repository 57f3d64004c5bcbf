/* The sandbox: an Entra tenant and a Jira site on loopback, for demos and tests.
 *
 * One lock guards everything in here. A handler runs with it held, from the first look at the state to the finished
 * reply; whatever waits (latency, hanging, delivering a webhook) waits without it. State lives in jansson values,
 * because what is kept is what is answered; they remember insertion order, which gives every listing a stable order for
 * free. */
#ifndef AIC_SANDBOX_SANDBOX_H
#define AIC_SANDBOX_SANDBOX_H

#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/memory.h"

#define SANDBOX_TENANT_ID "8f1c2d3e-4a5b-4c6d-8e7f-901a2b3c4d5e"
#define SANDBOX_TENANT_DOMAIN "contoso.example"
#define SANDBOX_CLIENT_ID "3c9d8b7a-6f5e-4d4c-9b3a-2a1908f7e6d5"
#define SANDBOX_SERVICE_PRINCIPAL_ID "b7a6c5d4-e3f2-4102-9a8b-7c6d5e4f3a2b"
#define SANDBOX_APPLICATION_ID "d2e3f4a5-b6c7-4d8e-9fa0-b1c2d3e4f5a6"
/* A value for the sandbox only; it opens nothing outside this process. */
#define SANDBOX_CLIENT_SECRET "sBx8Q~sandbox-value-not-a-secret-0001"
#define SANDBOX_CLOUD_ID "5f4e3d2c-1b0a-4998-8776-655443322110"
#define SANDBOX_GRAPH "https://graph.microsoft.com"

struct sandbox_throttle {
	int64_t writes; /* 0: off */
	int64_t window_ms;
	int64_t link_cost; /* what a PATCH of 20 links costs: 1, 7 or 20 */
	char retry_after[12];
	bool envelope_424;
	int64_t window_start_ms;
	int64_t used;
	int64_t allowed_writes;
	int64_t refused;
	int64_t early;
};

/* Whether PATCH /groups(uniqueName='…') with Prefer: create-if-missing creates groups. */
enum sandbox_upsert {
	UPSERT_CREATE,     /* Group.Create suffices, as in some language editions of its page */
	UPSERT_READ_WRITE, /* needs Group.ReadWrite.All, as in the others */
	UPSERT_OFF,        /* no group can be named by its uniqueName */
};

struct sandbox_faults {
	int64_t entra_latency_ms;
	int64_t jira_latency_ms;
	int64_t replication_ms;
	int64_t new_group_ms; /* as replication_ms, of new groups alone; the longer one holds */
	enum sandbox_upsert upsert;
	int64_t search_lag_ms;
	int64_t token_lifetime_s;
	int64_t clock_offset_ms;
	int64_t page_token_lifetime_ms;
	int64_t delta_token_lifetime_ms;
	int64_t delta_void_before_ms; /* delta tokens that were given out before it are no longer known */
	int64_t delta_page_size;
	bool empty_pages;
	json_t *rules;     /* array; see faults.c */
	json_t *responses; /* name -> {status, code, message}: the answers that no source documents */
	struct sandbox_throttle throttle;
};

struct sandbox_directory {
	json_t *users; /* id -> {properties, createdAt} */
	json_t *upns;  /* lower-case user principal name -> id */
	/* id -> {properties, members, recent, departed, owners, left, kinds, createdAt, changed, appeared, vanished}: left,
	 * changed … for the delta query (entra_delta.c), kinds for members that are no users */
	json_t *groups;
	json_t *deleted; /* id -> the group or user record, with deletedDateTime in its properties */
	json_t *purged;  /* id of a group that is gone for good -> number of that change */
	json_t *application;
	int64_t sequence; /* of changes of groups and memberships */
	int64_t danger;   /* membership deletes without /$ref */
};

struct sandbox_site {
	json_t *accounts; /* accountId -> {accountId, accountType, displayName, email, hidden, active, admin, token} */
	json_t *issues;   /* id -> issue record */
	json_t *keys;     /* key -> id */
	json_t *oauth_tokens;
	json_t *settings; /* stages, approvers, required, pageSize, tools, … */
	int64_t next_issue;
	int64_t next_id;
	json_t *numbers; /* project key -> last issue number */
};

struct sandbox_webhooks {
	char url[512];
	char secret[256];
	bool enabled;
	bool hold;
	int64_t duplicate;
	int64_t delay_ms;
	int64_t shuffle_ms;
	int64_t lose;
	int64_t backoff_ms;
	json_t *queue; /* array of deliveries */
	json_t *log;   /* array of finished attempts */
	pthread_t thread;
	bool running;
};

struct sandbox {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	struct sandbox_faults faults;
	struct sandbox_directory directory;
	struct sandbox_site site;
	struct sandbox_webhooks webhooks;
	json_t *requests; /* array, newest last */
	int64_t request_count;
	int64_t call_count;     /* the same without the items of a $batch */
	json_t *tally;          /* kind -> {calls, items, busyMs, until} */
	json_t *written_groups; /* id -> true: written to since its members were last read */
	char last_item[200];    /* the kind of the last item of a $batch */
	EVP_PKEY *token_key;
	char token_key_id[48];
	char token_modulus[400];
	json_t *token_cache; /* access token -> claims whose signature was checked */
	char entra_url[64];
	char entra_https_url[64];
	char jira_url[64];
};

/* Wall clock as the sandbox's services see it: the machine's, moved by the clock offset. */
int64_t sandbox_now_ms(const struct sandbox *sandbox);
enum result sandbox_start(struct sandbox *sandbox) MUST_CHECK;
void sandbox_stop(struct sandbox *sandbox);
/* Back to the seed data; ports, token key and webhook address stay. */
void sandbox_reset(struct sandbox *sandbox);
/* Waits without the lock, until the time is over or the sandbox stops. */
void sandbox_wait(struct sandbox *sandbox, int64_t ms);

void directory_seed(struct sandbox *sandbox);
void site_seed(struct sandbox *sandbox);

#endif
