/* A store in a few lines, for tests of the server alone: one token for each role, one connector, one job, a chain of
 * audit events, an inbox. What a test does not need is a refusal, so that a handler that strays is seen. */
#ifndef AIC_TEST_FAKE_STORE_H
#define AIC_TEST_FAKE_STORE_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "store/store.h"

#define FAKE_TOKEN(role) "aic_0000000000000000000000000000000000000000" role

struct fake_store {
	struct store store;
	pthread_mutex_t lock;
	struct {
		const char *text;
		enum role role;
		const char *account_id;
	} tokens[6];
	bool has_connector;
	int connectors_created;
	char connector_id[64];
	uint8_t sealed[8192];
	size_t sealed_length;
	uint8_t request_hash[32];
	char key[64];
	char location[128];
	char response[8192];
	enum job_status job_status;
	int64_t audit_events;
	int inbox_count;
	enum result inbox_result;
	char inbox_status[16];
	char approval[16];
	struct access_request request;
	int applied;
};

static inline struct fake_store *fake_of(struct store *store)
{
	return (struct fake_store *)store;
}

static enum result fake_meta_read(struct store *store, const char *name, struct arena *arena, uint8_t **ret_value,
                                  size_t *ret_length)
{
	(void)store;
	(void)name;
	*ret_value = arena_alloc(arena, 32);
	*ret_length = 32;
	return *ret_value != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result fake_ready(struct store *store, struct error *error)
{
	(void)store;
	(void)error;
	return RESULT_OK;
}

static enum result fake_token_find(struct store *store, const uint8_t hash[32], struct arena *arena,
                                   struct api_token *ret_token)
{
	struct fake_store *fake = fake_of(store);
	(void)arena;
	for (size_t i = 0; i < ARRAY_SIZE(fake->tokens); i++) {
		uint8_t own[32];
		if (fake->tokens[i].text == NULL ||
		    digest_sha256(fake->tokens[i].text, strlen(fake->tokens[i].text), own) != RESULT_OK ||
		    memcmp(own, hash, 32) != 0)
			continue;
		*ret_token = (struct api_token){.principal_id = fake->tokens[i].text + 40,
		                                .name = "t",
		                                .role = fake->tokens[i].role,
		                                .account_id = fake->tokens[i].account_id,
		                                .created_at = 1};
		memcpy(ret_token->hash, hash, 32);
		return RESULT_OK;
	}
	return RESULT_NOT_FOUND;
}

static enum result fake_idempotency_find(struct store *store, struct arena *arena, struct idempotency *idempotency,
                                         struct error *error)
{
	struct fake_store *fake = fake_of(store);
	if (!text_equal(fake->key, idempotency->key))
		return RESULT_NOT_FOUND;
	if (memcmp(fake->request_hash, idempotency->request_hash, 32) != 0)
		return error_set(error, RESULT_INVALID, "idempotency_key_reused", "Another body came with this key.");
	idempotency->replayed = true;
	idempotency->status = 201;
	idempotency->location = arena_strdup(arena, fake->location);
	idempotency->response = arena_strdup(arena, fake->response);
	return RESULT_OK;
}

static enum result fake_connector_create(struct store *store, const struct actor *actor,
                                         const struct connector_settings *connector, struct idempotency *idempotency,
                                         struct arena *arena, struct error *error)
{
	struct fake_store *fake = fake_of(store);
	(void)actor;
	(void)arena;
	if (fake->has_connector)
		return error_set(error, RESULT_CONFLICT, "already_exists", "There is a connector of this id.");
	fake->has_connector = true;
	fake->connectors_created++;
	snprintf(fake->connector_id, sizeof fake->connector_id, "%s", connector->connector_id);
	if (connector->credential.sealed != NULL) {
		memcpy(fake->sealed, connector->credential.sealed, connector->credential.sealed_length);
		fake->sealed_length = connector->credential.sealed_length;
	}
	if (idempotency != NULL) {
		snprintf(fake->key, sizeof fake->key, "%s", idempotency->key);
		memcpy(fake->request_hash, idempotency->request_hash, 32);
		snprintf(fake->location, sizeof fake->location, "%s", idempotency->location);
		snprintf(fake->response, sizeof fake->response, "%s", idempotency->response);
	}
	return RESULT_OK;
}

static enum result fake_connector_read(struct store *store, const char *connector_id, struct arena *arena,
                                       struct connector_settings *ret_connector)
{
	struct fake_store *fake = fake_of(store);
	(void)arena;
	if (!fake->has_connector || !text_equal(fake->connector_id, connector_id))
		return RESULT_NOT_FOUND;
	*ret_connector = (struct connector_settings){.connector_id = fake->connector_id,
	                                             .type = "entra",
	                                             .name = "n",
	                                             .description = "",
	                                             .group_mode = "bind",
	                                             .enabled = true,
	                                             .tenant_id = "t",
	                                             .client_id = "c",
	                                             .cloud = "global",
	                                             .health = "untested",
	                                             .created_at = 1000,
	                                             .updated_at = 1000,
	                                             .version = 7,
	                                             .credential = {.stored_at = 1000, .version = 1}};
	return RESULT_OK;
}

static enum result fake_connector_list(struct store *store, const struct page *page, struct arena *arena,
                                       struct connector_settings **ret_connectors, size_t *ret_count,
                                       const char **ret_next)
{
	struct fake_store *fake = fake_of(store);
	(void)page;
	*ret_connectors = arena_array(arena, 1, sizeof **ret_connectors);
	*ret_count = fake->has_connector ? 1 : 0;
	*ret_next = fake->has_connector && page->after == NULL ? fake->connector_id : NULL;
	return fake->has_connector ? fake_connector_read(store, fake->connector_id, arena, *ret_connectors) : RESULT_OK;
}

static enum result fake_removals_held(struct store *store, const char *connector_id, struct arena *arena,
                                      struct held_removals *ret_held)
{
	(void)store, (void)connector_id, (void)arena;
	*ret_held = (struct held_removals){0};
	return RESULT_OK;
}

static enum result fake_connector_delete(struct store *store, const struct actor *actor, const char *connector_id,
                                         int64_t expected_version, struct error *error)
{
	(void)actor;
	(void)connector_id;
	if (expected_version != 0 && expected_version != 7)
		return error_set(error, RESULT_PRECONDITION, "precondition_failed", "Changed.");
	fake_of(store)->has_connector = false;
	return RESULT_OK;
}

static enum result fake_job_read(struct store *store, const char *job_id, struct arena *arena, struct job *ret_job)
{
	struct fake_store *fake = fake_of(store);
	(void)arena;
	pthread_mutex_lock(&fake->lock);
	*ret_job = (struct job){.job_id = "0190-job", .kind = JOB_PROVISION, .status = fake->job_status, .created_at = 1};
	pthread_mutex_unlock(&fake->lock);
	return text_equal(job_id, "0190-job") ? RESULT_OK : RESULT_NOT_FOUND;
}

static void fake_job_set(struct fake_store *fake, enum job_status status)
{
	pthread_mutex_lock(&fake->lock);
	fake->job_status = status;
	pthread_mutex_unlock(&fake->lock);
}

static enum result fake_audit_read_from(struct store *store, int64_t after_seq, int limit, struct arena *arena,
                                        struct audit_event **ret_events, size_t *ret_count)
{
	struct fake_store *fake = fake_of(store);
	struct audit_event *events = arena_array(arena, (size_t)limit, sizeof *events);
	size_t count = 0;
	for (int64_t seq = after_seq + 1; events != NULL && seq <= fake->audit_events && count < (size_t)limit; seq++)
		events[count++] = (struct audit_event){.seq = seq,
		                                       .at = 1000 * seq,
		                                       .actor_kind = "token",
		                                       .actor_id = "=1+1",
		                                       .action = "tool.created",
		                                       .target_kind = "tool",
		                                       .target_id = "t",
		                                       .outcome = "ok",
		                                       .detail = "{\"a\":1}",
		                                       .prev_hash = AUDIT_GENESIS,
		                                       .hash = AUDIT_GENESIS};
	*ret_events = events;
	*ret_count = count;
	return events != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result fake_inbox_add(struct store *store, const struct inbox_event *event, char ret_event_id[37],
                                  struct error *error)
{
	struct fake_store *fake = fake_of(store);
	if (fake->inbox_result != RESULT_OK)
		return error_set(error, fake->inbox_result, "conflict", "The disk is full.");
	fake->inbox_count++;
	snprintf(fake->inbox_status, sizeof fake->inbox_status, "%s", event->status);
	snprintf(ret_event_id, 37, "%s", event->event_id);
	return RESULT_OK;
}

static enum result fake_intake_read(struct store *store, struct arena *arena, struct intake_settings *ret_settings)
{
	(void)arena;
	intake_settings_default(ret_settings);
	ret_settings->approval = fake_of(store)->approval;
	return RESULT_OK;
}

static enum result fake_request_read(struct store *store, const char *request_id, struct arena *arena,
                                     struct access_request *ret_request)
{
	(void)arena;
	*ret_request = fake_of(store)->request;
	return text_equal(request_id, ret_request->request_id) ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result fake_request_apply(struct store *store, const struct actor *actor, const char *request_id,
                                      const struct request_change *change, struct arena *arena,
                                      struct access_request *ret_request, struct error *error)
{
	(void)actor;
	(void)request_id;
	(void)arena;
	(void)error;
	struct fake_store *fake = fake_of(store);
	fake->applied++;
	*ret_request = fake->request;
	ret_request->status = change->event == REQUEST_EVENT_APPROVE ? REQUEST_APPROVED : REQUEST_DENIED;
	return RESULT_OK;
}

static const struct store_ops fake_ops = {
    .name = "fake",
    .meta_read = fake_meta_read,
    .ready = fake_ready,
    .token_find = fake_token_find,
    .idempotency_find = fake_idempotency_find,
    .connector_create = fake_connector_create,
    .connector_read = fake_connector_read,
    .connector_list = fake_connector_list,
    .removals_held = fake_removals_held,
    .connector_delete = fake_connector_delete,
    .job_read = fake_job_read,
    .audit_read_from = fake_audit_read_from,
    .inbox_add = fake_inbox_add,
    .intake_read = fake_intake_read,
    .request_read = fake_request_read,
    .request_apply = fake_request_apply,
};

static inline void fake_store_init(struct fake_store *fake)
{
	*fake = (struct fake_store){.store = {&fake_ops}, .lock = PTHREAD_MUTEX_INITIALIZER, .approval = "console"};
	fake->tokens[0].text = FAKE_TOKEN("adm");
	fake->tokens[0].role = ROLE_ADMIN;
	fake->tokens[0].account_id = "account-admin";
	fake->tokens[1].text = FAKE_TOKEN("app");
	fake->tokens[1].role = ROLE_APPROVER;
	fake->tokens[1].account_id = "account-approver";
	fake->tokens[2].text = FAKE_TOKEN("aud");
	fake->tokens[2].role = ROLE_AUDITOR;
	fake->tokens[3].text = FAKE_TOKEN("req");
	fake->tokens[3].role = ROLE_REQUESTER;
	fake->tokens[3].account_id = "account-requester";
	fake->tokens[4].text = FAKE_TOKEN("unl");
	fake->tokens[4].role = ROLE_APPROVER;
}

#endif
