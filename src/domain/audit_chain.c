/* The chain of audit events.
 *
 * What is hashed is the text that the contract shows, in RFC 8785 form, so that an auditor can recompute it from an
 * export with nothing but SHA-256. That text has whole seconds: an event whose instant has a fraction would keep bits
 * that no hash covers, and is refused. */
#include "domain/audit_chain.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/audit_plain.h"

static json_t *pair_to_json(const char *kind, const char *id, bool *failed)
{
	json_t *pair = json_object();
	json_put_string(pair, "kind", kind, failed);
	json_put_string(pair, "id", id, failed);
	return pair;
}

#define INTEGER_MAX 9007199254740991LL /* 2^53 - 1: what RFC 8785 can write */

/* Nesting is bounded by json_read. */
static bool has_canonical_form(const json_t *value)
{
	const char *key;
	const json_t *member;
	size_t at;
	if (json_is_integer(value))
		return json_integer_value(value) >= -INTEGER_MAX && json_integer_value(value) <= INTEGER_MAX;
	if (json_is_real(value))
		return false;
	json_array_foreach(value, at, member)
	{
		if (!has_canonical_form(member))
			return false;
	}
	json_object_foreach((json_t *)value, key, member)
	{
		if (!has_canonical_form(member))
			return false;
	}
	return true;
}

static json_t *detail_to_json(const char *detail)
{
	json_t *value = NULL;
	if (detail == NULL || json_read(detail, strlen(detail), &value, NULL) != RESULT_OK)
		return NULL;
	if (!json_is_object(value) || !has_canonical_form(value)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

json_t *audit_event_to_json(const struct audit_event *event, bool with_hash)
{
	bool failed = false;
	json_t *object = json_object();
	json_put(object, "seq", json_integer(event->seq), &failed);
	json_put_time(object, "at", event->at, &failed);
	json_put(object, "actor", pair_to_json(event->actor_kind, event->actor_id, &failed), &failed);
	json_put_string(object, "action", event->action, &failed);
	json_put(object, "target", pair_to_json(event->target_kind, event->target_id, &failed), &failed);
	json_put_string(object, "outcome", event->outcome, &failed);
	json_put(object, "detail", detail_to_json(event->detail), &failed);
	json_put_string(object, "prevHash", event->prev_hash, &failed);
	if (with_hash)
		json_put_string(object, "hash", event->hash, &failed);
	if (failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}

enum result audit_event_hash(const struct audit_event *event, struct arena *arena, char ret_hash[DIGEST_HEX_SIZE])
{
	struct audit_plain plain;
	if (event->at % 1000 != 0)
		return RESULT_INVALID;
	if (audit_plain_write(event, &plain))
		return digest_sha256_hex(plain.bytes, plain.length, ret_hash);
	_cleanup_(json_decrefp) json_t *object = audit_event_to_json(event, false);
	if (object == NULL)
		return RESULT_INVALID;
	char *canonical = json_write_canonical(arena, object);
	if (canonical == NULL)
		return RESULT_NO_MEMORY;
	return digest_sha256_hex(canonical, strlen(canonical), ret_hash);
}

void audit_verifier_init(struct audit_verifier *verifier)
{
	*verifier = (struct audit_verifier){.next_seq = 1};
	memcpy(verifier->prev_hash, AUDIT_GENESIS, DIGEST_HEX_SIZE);
}

void audit_verifier_init_after(struct audit_verifier *verifier, int64_t seq, const char *hash)
{
	*verifier = (struct audit_verifier){.next_seq = seq + 1};
	snprintf(verifier->prev_hash, sizeof(verifier->prev_hash), "%s", hash);
}

static enum result verifier_fail(struct audit_verifier *verifier, int64_t seq, const char *reason)
{
	verifier->bad_seq = seq;
	snprintf(verifier->reason, sizeof(verifier->reason), "%s", reason);
	return RESULT_INVALID;
}

enum result audit_verifier_add(struct audit_verifier *verifier, const struct audit_event *event, struct arena *scratch)
{
	if (verifier->bad_seq != 0)
		return RESULT_INVALID;
	if (event->seq != verifier->next_seq)
		return verifier_fail(verifier, verifier->next_seq, "The event with this sequence number is missing.");
	if (!text_equal(event->prev_hash, verifier->prev_hash))
		return verifier_fail(verifier, event->seq,
		                     "The event does not follow the one before it: its prevHash is another.");
	char hash[DIGEST_HEX_SIZE];
	enum result result = audit_event_hash(event, scratch, hash);
	if (result == RESULT_NO_MEMORY)
		return result;
	if (result != RESULT_OK || !text_equal(event->hash, hash))
		return verifier_fail(verifier, event->seq, "The event was changed: its hash does not fit its content.");
	memcpy(verifier->prev_hash, hash, sizeof(hash));
	verifier->next_seq++;
	return RESULT_OK;
}
