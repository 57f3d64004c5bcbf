/* audit verify: the trail of a store, or of an export that somebody holds. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/audit_file.h"
#include "cli/audit_trail.h"
#include "cli/command.h"
#include "cli/evidence_verify.h"
#include "cli/service_config.h"

#define BLOCK 500
#define CHECKPOINT_PAGE 200
#define BLOCK_CEILING ((size_t)64 * 1024 * 1024)
#define CHECKPOINT_CEILING ((size_t)256 * 1024 * 1024)
#define PROGRESS_EVERY 20000

static const struct option_row options[] = {
    {"--config", "FILE", "verify the store of this config", false},
    {"--export", "FILE", "verify an evidence file, or an export (jsonl of audit export)", false},
    {"--public-key", "FILE", "with --export: the key that checkpoints are signed with", false},
    {"--since-checkpoint", "FILE", "a checkpoint kept elsewhere: finds a cut tail too", false},
};

static void show_progress(const struct audit_trail *trail)
{
	if (isatty(STDERR_FILENO) && trail->last_seq % PROGRESS_EVERY == 0 && trail->last_seq > 0)
		(void)fprintf(stderr, "%" PRId64 " events verified…\r", trail->last_seq);
}

static enum exit_code report(const struct audit_trail *trail, enum result result, const struct error *error)
{
	if (trail->bad_seq != 0) {
		(void)printf("The audit trail does not hold.\nfirst bad sequence number: %" PRId64 "\n%s\n", trail->bad_seq,
		             trail->reason);
		return EXIT_DID_NOT_HOLD;
	}
	if (result != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "%s",
		                    error->detail[0] ? error->detail : "The trail could not be verified: not enough memory.");
	size_t checkpoints = trail->checkpoint_count + (trail->since ? 1 : 0);

	(void)printf("The audit trail holds: %" PRId64 " event%s, %zu signed checkpoint%s.\n", trail->last_seq,
	             trail->last_seq == 1 ? "" : "s", checkpoints, checkpoints == 1 ? "" : "s");
	return EXIT_HELD;
}

/* ---- the store ---- */

struct checkpoint_list {
	struct audit_checkpoint *items;
	size_t count;
	size_t capacity;
};

static bool append_checkpoints(struct checkpoint_list *list, const struct audit_checkpoint *page, size_t count,
                               struct arena *arena)
{
	if (list->count + count > list->capacity) {
		size_t capacity = (list->capacity + count) * 2;
		struct audit_checkpoint *larger = arena_array(arena, capacity, sizeof(*larger));

		if (!larger)
			return false;
		if (list->count > 0)
			memcpy(larger, list->items, list->count * sizeof(*larger));
		list->items = larger;
		list->capacity = capacity;
	}
	if (count > 0)
		memcpy(list->items + list->count, page, count * sizeof(*page));
	list->count += count;
	return true;
}

/* All of them, oldest first. */
static enum result read_checkpoints(struct store *store, struct arena *arena, struct checkpoint_list *ret_list)
{
	struct checkpoint_list list = {0};
	struct page page = {.limit = CHECKPOINT_PAGE};

	do {
		struct audit_checkpoint *found = NULL;
		const char *next = NULL;
		size_t count = 0;
		enum result result = store->ops->audit_checkpoint_list(store, &page, arena, &found, &count, &next);

		if (result != RESULT_OK)
			return result;
		if (!append_checkpoints(&list, found, count, arena))
			return RESULT_NO_MEMORY;
		page.after = next;
	} while (page.after);
	for (size_t i = 0; i < list.count / 2; i++) {
		struct audit_checkpoint swapped = list.items[i];

		list.items[i] = list.items[list.count - 1 - i];
		list.items[list.count - 1 - i] = swapped;
	}
	*ret_list = list;
	return RESULT_OK;
}

static enum result read_failed(struct audit_trail *trail, enum result result, struct error *error)
{
	if (result == RESULT_NO_MEMORY || result == RESULT_UNAVAILABLE)
		return error_set(error, result, NULL, "The store cannot be read now (%s).", result_name(result));
	return audit_trail_fail(trail, trail->last_seq + 1, "The event cannot be read from the store (%s).",
	                        result_name(result));
}

/* Walks what follows the last event seen, to the present end. */
static enum result walk_store(struct store *store, struct audit_trail *trail, struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(BLOCK_CEILING);
	struct audit_event *events = NULL;
	size_t count = BLOCK;
	enum result result = arena ? RESULT_OK : RESULT_NO_MEMORY;

	while (result == RESULT_OK && count == BLOCK) {
		arena_reset(arena);
		count = 0;
		result = store->ops->audit_read_from(store, trail->last_seq, BLOCK, arena, &events, &count);
		if (result != RESULT_OK)
			return read_failed(trail, result, error);
		for (size_t i = 0; i < count && result == RESULT_OK; i++) {
			result = audit_trail_add(trail, &events[i], arena);
			show_progress(trail);
		}
	}
	return result;
}

/* A service that runs beside us adds events: the head is read after a walk, and if it is ahead, what it names must be
 * there by then, since an event and its head are one transaction. */
static enum result check_head(struct store *store, struct audit_trail *trail, struct error *error)
{
	struct audit_checkpoint head = {0};

	for (int round = 0; round < 100; round++) {
		int64_t before = trail->last_seq;
		enum result result = store->ops->audit_head(store, &head);

		if (result == RESULT_NOT_FOUND)
			return audit_trail_check_head(trail, NULL);
		if (result != RESULT_OK)
			return error_set(error, result, NULL, "The head of the trail cannot be read (%s).", result_name(result));
		if (head.seq <= trail->last_seq)
			break;
		result = walk_store(store, trail, error);
		if (result != RESULT_OK || trail->last_seq == before)
			break;
	}
	return audit_trail_check_head(trail, &head);
}

static enum exit_code verify_store(const char *path, const struct audit_checkpoint *since)
{
	_cleanup_(service_store_close) struct service_store opened = {0};
	_cleanup_(arena_freep) struct arena *arena = arena_new(CHECKPOINT_CEILING);
	struct checkpoint_list checkpoints = {0};
	struct config config;
	struct audit_trail trail;
	struct error error = {0};
	enum exit_code code;
	enum result result;

	if (!arena)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	code = service_config_read(path, arena, &config);
	if (code == EXIT_HELD)
		code = service_store_open(&config, false, &opened);
	if (code != EXIT_HELD)
		return code;
	result = read_checkpoints(opened.store, arena, &checkpoints);
	if (result != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "The checkpoints cannot be read from the store (%s).",
		                    result_name(result));
	audit_trail_init(&trail, opened.audit_key, checkpoints.items, checkpoints.count, since);
	result = walk_store(opened.store, &trail, &error);
	if (result == RESULT_OK)
		result = check_head(opened.store, &trail, &error);
	if (result == RESULT_OK)
		result = audit_trail_finish(&trail);
	return report(&trail, result, &error);
}

/* ---- an export ---- */

static enum result walk_export(FILE *file, struct audit_trail *trail, struct error *error)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(BLOCK_CEILING);
	enum result result = arena ? RESULT_OK : RESULT_NO_MEMORY;

	while (result == RESULT_OK) {
		struct audit_event event;

		arena_reset(arena);
		result = audit_file_next_event(file, arena, &event, error);
		if (result == RESULT_NOT_FOUND)
			return audit_trail_finish(trail);
		if (result == RESULT_INVALID)
			return audit_trail_fail(trail, trail->last_seq + 1, "%s", error->detail);
		if (result == RESULT_OK)
			result = audit_trail_add(trail, &event, arena);
		show_progress(trail);
	}
	return result;
}

static enum exit_code verify_export(const char *path, const char *key_path, const struct audit_checkpoint *since)
{
	_cleanup_(audit_key_freep) struct audit_key *key = NULL;
	struct audit_trail trail;
	struct error error = {0};
	FILE *file;
	enum result result;

	if (audit_file_read_public_key(key_path, &key, &error) != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "%s", error.detail);
	file = fopen(path, "re");
	if (!file)
		return command_fail(EXIT_DID_NOT_HOLD, "%s cannot be opened: %s.", path, strerror(errno));
	if (evidence_verify_is_evidence(file)) {
		enum exit_code code = evidence_verify(file, key, since);

		(void)fclose(file);
		return code;
	}
	audit_trail_init(&trail, key, NULL, 0, since);
	result = walk_export(file, &trail, &error);
	(void)fclose(file);
	if (result == RESULT_OK && !since)
		(void)command_fail(EXIT_HELD,
		                   "warning: without --since-checkpoint nothing signed is compared: a cut tail, or a chain "
		                   "computed anew, cannot be seen in an export.");
	return report(&trail, result, &error);
}

enum exit_code command_audit_verify(int argc, char **argv)
{
	struct arguments arguments;
	struct audit_checkpoint since;
	struct error error = {0};
	const char *config;
	const char *export;
	const char *since_path;

	if (arguments_parse(options, ARRAY_SIZE(options), 0, argc, argv, &arguments, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	if (arguments.help) {
		(void)printf(
		    "usage: aiclearance audit verify --config FILE [--since-checkpoint FILE]\n"
		    "       aiclearance audit verify --export FILE --public-key FILE [--since-checkpoint FILE]\n\n"
		    "Recomputes the chain and what was signed about it; exit 1 and the first bad sequence number. An evidence\n"
		    "file is verified as a whole: its seal, its events, and the checkpoints around them.\n\n");
		arguments_print_options(options, ARRAY_SIZE(options));
		return EXIT_HELD;
	}
	config = arguments_get(&arguments, "--config");
	export = arguments_get(&arguments, "--export");
	since_path = arguments_get(&arguments, "--since-checkpoint");
	if (!config == !export || (export && !arguments_get(&arguments, "--public-key")))
		return command_fail(EXIT_USAGE, "Either --config FILE, or --export FILE with --public-key FILE.");
	if (since_path && audit_file_read_checkpoint(since_path, &since, &error) != RESULT_OK)
		return command_fail(EXIT_DID_NOT_HOLD, "%s", error.detail);
	if (config)
		return verify_store(config, since_path ? &since : NULL);
	return verify_export(export, arguments_get(&arguments, "--public-key"), since_path ? &since : NULL);
}
