/* Events and checkpoints, read back from what was shown. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/audit_chain.h"

json_t *audit_checkpoint_to_json(const struct audit_checkpoint *checkpoint, struct arena *arena)
{
	const char *signature = text_base64_encode(arena, checkpoint->signature, sizeof(checkpoint->signature));
	bool failed = signature == NULL;
	json_t *object = json_object();

	json_put(object, "seq", json_integer(checkpoint->seq), &failed);
	json_put_string(object, "hash", checkpoint->hash, &failed);
	json_put_time(object, "at", checkpoint->at, &failed);
	json_put_string(object, "signature", signature, &failed);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

bool audit_checkpoint_from_json(const json_t *value, struct arena *arena, struct audit_checkpoint *ret_checkpoint)
{
	const char *hash = json_string_at(value, "hash");
	const char *at = json_string_at(value, "at");
	const char *signature = json_string_at(value, "signature");
	struct audit_checkpoint checkpoint = {.seq = json_integer_at(value, "seq", 0)};
	uint8_t *bytes = NULL;
	size_t length = 0;

	if (checkpoint.seq < 1 || !hash || strlen(hash) != DIGEST_HEX_SIZE - 1 || !at || !signature ||
	    clock_parse(at, &checkpoint.at) != RESULT_OK ||
	    text_base64_decode(arena, signature, strlen(signature), &bytes, &length) != RESULT_OK ||
	    length != AUDIT_SIGNATURE_SIZE)
		return false;
	memcpy(checkpoint.hash, hash, DIGEST_HEX_SIZE);
	memcpy(checkpoint.signature, bytes, AUDIT_SIGNATURE_SIZE);
	*ret_checkpoint = checkpoint;
	return true;
}

bool audit_event_from_json(const json_t *value, struct arena *arena, struct audit_event *ret_event)
{
	const char *at = json_string_at(value, "at");
	const json_t *detail = json_object_get(value, "detail");
	struct audit_event event = {
	    .seq = json_integer_at(value, "seq", 0),
	    .actor_kind = arena_strdup(arena, json_string_at(value, "actor.kind")),
	    .actor_id = arena_strdup(arena, json_string_at(value, "actor.id")),
	    .action = arena_strdup(arena, json_string_at(value, "action")),
	    .target_kind = arena_strdup(arena, json_string_at(value, "target.kind")),
	    .target_id = arena_strdup(arena, json_string_at(value, "target.id")),
	    .outcome = arena_strdup(arena, json_string_at(value, "outcome")),
	    .detail = json_is_object(detail) ? json_write(arena, detail) : NULL,
	    .prev_hash = arena_strdup(arena, json_string_at(value, "prevHash")),
	    .hash = arena_strdup(arena, json_string_at(value, "hash")),
	};
	_cleanup_(json_decrefp) json_t *again = NULL;

	if (!at || clock_parse(at, &event.at) != RESULT_OK || !event.detail || !event.hash ||
	    strlen(event.hash) != DIGEST_HEX_SIZE - 1)
		return false;
	/* What the line says beyond the event, no hash would cover: it must be the event and nothing else. */
	again = audit_event_to_json(&event, true);
	if (!again || !json_equal(again, value))
		return false;
	*ret_event = event;
	return true;
}
