/* secrets rotate: another master key, beside a running service.
 *
 * In this order, so that every state between opens everything: all that is sealed opens now; the key file gets the new
 * key before the old; everything is sealed again under the new one, in one transaction; the file loses the old one. A
 * file with two keys is a rotation that was broken off: it is finished, and no third key is made. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/service_config.h"
#include "secrets/master_key_file.h"

#define ATTEMPTS 20 /* a connector's secret may be replaced meanwhile */
#define ARENA_CEILING ((size_t)256 * 1024 * 1024)

static const struct option_row rotate_options[] = {
    {"--config", "FILE", "the service's config file", true},
    {"--json", NULL, "for machines", false},
};

static const struct actor cli_actor = {.kind = "system", .id = "cli"};

struct rotation {
	const char *reference;
	struct service_store store;
	struct arena *arena;
	bool is_file;
	bool finishing; /* of one that was broken off, or prepared by hand */
	size_t count;
};

static enum result items_open(struct rotation *rotation, struct sealed_item **ret_items, struct error *error)
{
	struct store *store = rotation->store.store;
	enum result result;

	arena_reset(rotation->arena);
	result = store->ops->sealed_list(store, rotation->arena, ret_items, &rotation->count);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "The sealed secrets cannot be read from the store.");
	for (size_t at = 0; at < rotation->count; at++) {
		_cleanup_(secret_done) struct secret plain = {0};
		const struct sealed_item *item = &(*ret_items)[at];

		result = sealed_open(rotation->store.master_key, item->bound_to, item->sealed, item->length, &plain, error);
		if (result != RESULT_OK)
			return result;
	}
	return RESULT_OK;
}

static enum result item_reseal(struct rotation *rotation, const struct sealed_item *old, struct sealed_item *ret_new,
                               struct error *error)
{
	_cleanup_(secret_done) struct secret plain = {0};
	uint8_t *sealed = NULL;
	enum result result =
	    sealed_open(rotation->store.master_key, old->bound_to, old->sealed, old->length, &plain, error);

	*ret_new = *old;
	if (result == RESULT_OK)
		result = sealed_seal(rotation->store.master_key, old->bound_to, plain.bytes, plain.length, rotation->arena,
		                     &sealed, &ret_new->length);
	ret_new->sealed = sealed;
	return result;
}

/* RESULT_CONFLICT if something sealed was replaced meanwhile: again. */
static enum result reseal_once(struct rotation *rotation, struct error *error)
{
	struct store *store = rotation->store.store;
	struct sealed_item *olds = NULL;
	uint8_t key_id[MASTER_KEY_ID_LENGTH];
	enum result result = items_open(rotation, &olds, error);

	if (result != RESULT_OK)
		return result;
	struct sealed_item *news = arena_array(rotation->arena, rotation->count + 1, sizeof(*news));
	if (news == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to seal everything again.");
	for (size_t at = 0; result == RESULT_OK && at < rotation->count; at++)
		result = item_reseal(rotation, &olds[at], &news[at], error);
	if (result != RESULT_OK)
		return result;
	master_key_id(rotation->store.master_key, key_id);
	return store->ops->sealed_replace(store, &cli_actor, olds, news, rotation->count, key_id, error);
}

static enum result reseal(struct rotation *rotation, struct error *error)
{
	enum result result = RESULT_CONFLICT;

	for (int attempt = 0; result == RESULT_CONFLICT && attempt < ATTEMPTS; attempt++)
		result = reseal_once(rotation, error);
	return result;
}

static enum result add_key(struct rotation *rotation, struct error *error)
{
	struct sealed_item *items = NULL;
	enum result result = items_open(rotation, &items, error);

	rotation->finishing = master_key_has_old(rotation->store.master_key);
	if (result != RESULT_OK || rotation->finishing)
		return result;
	if (!rotation->is_file)
		return error_set(error, RESULT_INVALID, NULL,
		                 "%s cannot be rewritten here. Put the new key (openssl rand -base64 32) on a line before the "
		                 "present one where it comes from, restart the service, run this again, and then take the old "
		                 "line away and restart once more.",
		                 rotation->reference);
	result = master_key_file_add(rotation->reference, error);
	/* Also after a failure: the file may have been replaced, and only the disk not have said so. */
	enum result reloaded = master_key_reload(rotation->store.master_key, result == RESULT_OK ? error : NULL);
	return result == RESULT_OK ? reloaded : result;
}

static enum result rotate_steps(struct rotation *rotation, struct error *error)
{
	int lock = -1;
	enum result result = RESULT_OK;

	if (rotation->is_file)
		result = master_key_file_lock(rotation->reference, &lock, error);
	/* Another rotation may have ended between our reading and the lock. */
	if (result == RESULT_OK)
		result = master_key_reload(rotation->store.master_key, error);
	if (result == RESULT_OK)
		result = add_key(rotation, error);
	if (result == RESULT_OK)
		result = reseal(rotation, error);
	if (result == RESULT_OK && rotation->is_file)
		result = master_key_file_settle(rotation->reference, error);
	master_key_file_unlock(&lock);
	return result;
}

static enum exit_code print_json(const struct rotation *rotation)
{
	bool failed = false;
	_cleanup_(json_decrefp) json_t *object = json_object();
	json_put(object, "secrets", json_integer((json_int_t)rotation->count), &failed);
	json_put(object, "finished", json_boolean(rotation->finishing), &failed);
	json_put(object, "oldKeyRemoved", json_boolean(rotation->is_file), &failed);
	const char *text = failed ? NULL : json_write(rotation->arena, object);

	if (text == NULL)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	(void)printf("%s\n", text);
	return EXIT_HELD;
}

static enum exit_code print_text(const struct rotation *rotation)
{
	(void)printf("%s: %zu secret%s sealed under the new master key.\n",
	             rotation->finishing ? "Finished the change of the master key that had been begun"
	                                 : "Changed the master key",
	             rotation->count, rotation->count == 1 ? " is" : "s are");
	if (!rotation->is_file)
		(void)printf("Now take the second line, the old key, away from %s and restart the service.\n",
		             rotation->reference);
	else if (rotation->finishing)
		(void)printf("To change it once more, run this again.\n");
	(void)printf("Back up the key and the database together; a backup from before opens with the old key only.\n");
	return EXIT_HELD;
}

static enum exit_code rotate(const struct arguments *arguments, const struct config *config)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(ARENA_CEILING);
	struct rotation rotation = {.reference = config->master_key, .arena = arena};
	struct error error = {0};
	enum result result;
	enum exit_code code;

	if (arena == NULL)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	code = service_store_open(config, false, &rotation.store);
	if (code != EXIT_HELD)
		return code;
	rotation.is_file = master_key_file_is(rotation.reference);
	result = rotate_steps(&rotation, &error);
	if (result == RESULT_OK)
		code = arguments_get(arguments, "--json") ? print_json(&rotation) : print_text(&rotation);
	else
		code = command_fail(EXIT_DID_NOT_HOLD, "%s%s", error.detail[0] != '\0' ? error.detail : result_name(result),
		                    master_key_has_old(rotation.store.master_key)
		                        ? " Both keys are kept until this is run again and ends well."
		                        : " The master key is what it was.");
	service_store_close(&rotation.store);
	return code;
}

enum exit_code command_secrets(int argc, char **argv)
{
	static const char usage[] = "usage: aiclearance secrets rotate --config FILE [--json]\n";
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)4 * 1024 * 1024);
	const char *verb = argc > 0 ? argv[0] : NULL;
	struct arguments arguments;
	struct config config;
	struct error error = {0};
	enum exit_code code;

	if (arena == NULL)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	if (!text_equal(verb, "rotate")) {
		bool help = text_equal(verb, "--help") || text_equal(verb, "-h");
		if (verb && !help)
			(void)command_fail(EXIT_USAGE, "There is no \"secrets %.60s\".", verb);
		(void)fputs(usage, help ? stdout : stderr);
		return help ? EXIT_HELD : EXIT_USAGE;
	}
	if (arguments_parse(rotate_options, ARRAY_SIZE(rotate_options), 0, argc - 1, argv + 1, &arguments, &error) !=
	    RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	if (arguments.help) {
		(void)printf("%s\nChanges the master key beside a running service, and seals every secret again.\n\n", usage);
		arguments_print_options(rotate_options, ARRAY_SIZE(rotate_options));
		return EXIT_HELD;
	}
	(void)umask(077);
	secret_forbid_dumps();
	code = service_config_read(arguments_get(&arguments, "--config"), arena, &config);
	return code == EXIT_HELD ? rotate(&arguments, &config) : code;
}
