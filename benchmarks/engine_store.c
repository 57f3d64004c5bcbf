#include "engine_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"

#define ARENA_CEILING (256u << 20)

static const struct actor admin = {.kind = "token", .id = "bench"};

static void must(enum result result, const char *what, const struct error *error)
{
	if (result == RESULT_OK)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, result_name(result), error->detail);
	exit(1);
}

static void people_map(struct store *store, const struct connector_settings *connector, size_t count,
                       struct arena *arena)
{
	struct error error = {0};
	struct mapping_row *rows = arena_array(arena, count, sizeof(*rows));
	if (rows == NULL)
		abort();
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct mapping_row){.line = (int64_t)i + 2,
		                               .account_id = arena_printf(arena, "account-%zu", i),
		                               .connector_id = connector->connector_id,
		                               .external_id = arena_printf(arena, NULL_STORE_USER, i)};
	struct mapping_import import = {.rows = rows, .row_count = count};
	must(store->ops->mapping_import(store, &admin, &import, arena, &error), "mappings", &error);
}

static void tool_bind(struct store *store, const struct connector_settings *connector, size_t group,
                      struct arena *arena)
{
	struct error error = {0};
	struct tool bound;
	const char *id = arena_printf(arena, "tool-%zu", group);
	const struct tool tool = {.tool_id = id,
	                          .name = id,
	                          .vendor = "",
	                          .url = "",
	                          .description = "",
	                          .risk = "low",
	                          .default_duration_days = 90,
	                          .max_duration_days = 180,
	                          .requestable = true,
	                          .connector_id = connector->connector_id};
	const struct entitlement_group entitlement = {.mode = "bind",
	                                              .group_id = arena_printf(arena, NULL_STORE_GROUP, group),
	                                              .display_name = "A group",
	                                              .manageable = true,
	                                              .code = "group_ok"};
	must(store->ops->tool_create(store, &admin, &tool, NULL, arena, &error), "tool", &error);
	must(store->ops->tool_bind_group(store, &admin, id, &entitlement, arena, &bound, &error), "group", &error);
}

static void approve(struct store *store, size_t person, size_t group, struct arena *arena)
{
	struct error error = {0};
	char request_id[ID_SIZE];
	id_new(clock_now_ms(clock_system()), request_id);
	const struct access_request asked = {.request_id = request_id,
	                                     .tool_id = arena_printf(arena, "tool-%zu", group),
	                                     .tool_text = "tool",
	                                     .account_id = arena_printf(arena, "account-%zu", person),
	                                     .filed_by = "account-of-the-bench",
	                                     .purpose = "Bulk",
	                                     .duration_days = 30,
	                                     .approval = "console",
	                                     .status = REQUEST_PENDING};
	const struct request_change change = {
	    .event = REQUEST_EVENT_APPROVE, .decided_by = "account-approver", .decision = "{}"};
	struct access_request request;
	must(store->ops->request_create(store, &admin, &asked, false, NULL, NULL, arena, &request, &error), "request",
	     &error);
	must(store->ops->request_apply(store, &admin, request_id, &change, arena, &request, &error), "approval", &error);
}

void engine_store_reopen(struct engine_store *engine, const char *url)
{
	static const uint8_t seed[32] = {1, 2, 3};
	struct error error = {0};
	const struct store_options options = {.url = url, .clock = clock_system(), .exclusive = true, .create = true};
	*engine = (struct engine_store){0};
	must(audit_key_from_seed(seed, &engine->key), "audit key", &error);
	must(store_open(&options, &engine->store, &error), "store", &error);
	engine->signer.key = engine->key;
	engine->store->ops->set_audit_signer(engine->store, &engine->signer);
}

static void durable_open(struct engine_store *engine, const char *url, const struct connector_settings *connector,
                         size_t count, size_t groups)
{
	struct error error = {0};
	struct arena *arena = arena_new(ARENA_CEILING);
	if (arena == NULL)
		abort();
	engine_store_reopen(engine, url);
	struct store *store = engine->store;
	must(store->ops->connector_create(store, &admin, connector, NULL, arena, &error), "connector", &error);
	people_map(store, connector, count, arena);
	for (size_t group = 0; group < groups; group++)
		tool_bind(store, connector, group, arena);
	for (size_t person = 0; person < count; person++) {
		if (person % 100 == 0)
			arena_reset(arena);
		approve(store, person, person % groups, arena);
	}
	arena_free(arena);
}

void engine_store_open(struct engine_store *engine, const char *kind, const struct connector_settings *connector,
                       size_t count, size_t groups)
{
	*engine = (struct engine_store){0};
	if (groups == 0)
		abort();
	if (!text_equal(kind, "null")) {
		durable_open(engine, kind, connector, count, groups);
		return;
	}
	engine->null_store = null_store_new(clock_system(), connector, groups);
	engine->store = null_store_ops(engine->null_store);
	for (size_t person = 0; person < count; person++)
		(void)null_store_add(engine->null_store, person % groups, person, true);
}

size_t engine_store_active(struct engine_store *engine)
{
	struct store_counts counts = {0};
	if (engine->null_store != NULL)
		return null_store_count(engine->null_store).active;
	must(engine->store->ops->counts(engine->store, &counts), "counts", &(struct error){0});
	return (size_t)counts.grants[GRANT_ACTIVE];
}

void engine_store_close(struct engine_store *engine)
{
	if (engine->null_store != NULL)
		null_store_free(engine->null_store);
	else
		engine->store->ops->close(engine->store);
	audit_key_free(engine->key);
}
