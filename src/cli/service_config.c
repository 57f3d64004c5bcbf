#include "cli/service_config.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/audit_key_open.h"
#include "cli/plain_text.h"

static void print_fault(const char *path, const struct config_fault *fault)
{
	_cleanup_(text_done) struct text plain = TEXT_INIT((size_t)16 * 1024);

	plain_text_append(&plain, path);
	if (fault->line > 0)
		text_printf(&plain, ":%d", fault->line);
	text_append(&plain, ": ");
	plain_text_append(&plain, fault->message);
	(void)fprintf(stderr, "%s\n", plain.data ? plain.data : fault->message);
}

enum exit_code service_config_read(const char *path, struct arena *arena, struct config *ret_config)
{
	struct config_fault *faults = NULL;
	size_t count = 0;
	enum result result = config_read(path, environ, arena, ret_config, &faults, &count);

	if (result == RESULT_OK)
		return EXIT_HELD;
	if (result == RESULT_NO_MEMORY)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory to read %s.", path);
	for (size_t i = 0; i < count; i++)
		print_fault(path, &faults[i]);
	return EXIT_DID_NOT_HOLD;
}

enum result service_config_blame(const char *key, enum result result, struct error *error)
{
	char sentence[sizeof(error->detail)];

	if (result == RESULT_OK)
		return result;
	(void)snprintf(sentence, sizeof(sentence), "%s: %.400s", key, error->detail);
	(void)snprintf(error->detail, sizeof(error->detail), "%s", sentence);
	return result;
}

static enum result open_parts(const struct config *config, bool make, struct service_store *store, struct error *error)
{
	struct store_options options = {.url = config->store_url, .clock = clock_system(), .create = make};
	enum result result = master_key_read(config->master_key, &store->master_key, error);

	(void)service_config_blame("[secrets] master_key", result, error);
	if (result == RESULT_OK)
		result = store_open(&options, &store->store, error);
	if (result == RESULT_OK)
		result = audit_key_open(store->store, store->master_key, make, &store->audit_key, error);
	return result;
}

enum exit_code service_store_open(const struct config *config, bool make, struct service_store *ret_store)
{
	struct error error = {0};

	*ret_store = (struct service_store){0};
	if (open_parts(config, make, ret_store, &error) != RESULT_OK) {
		service_store_close(ret_store);
		return command_fail(EXIT_DID_NOT_HOLD, "%s", error.detail);
	}
	ret_store->signer.key = ret_store->audit_key;
	ret_store->store->ops->set_audit_signer(ret_store->store, &ret_store->signer);
	return EXIT_HELD;
}

void service_store_close(struct service_store *store)
{
	if (store->store)
		store->store->ops->close(store->store);
	audit_key_free(store->audit_key);
	master_key_free(store->master_key);
	*store = (struct service_store){0};
}
