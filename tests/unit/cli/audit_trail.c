/* What `audit verify` finds. Each test does to a trail what somebody with the database, but not the key, could do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/audit_file.h"
#include "cli/audit_key_open.h"
#include "cli/audit_trail.h"

#define COUNT 10
#define AT INT64_C(1795000000000)

static struct arena *arena;
static struct audit_key *key;
static struct audit_key *public_key;
static struct audit_event events[COUNT];
static struct audit_checkpoint checkpoints[2]; /* at 4 and 8 */
static struct audit_checkpoint head;

/* Chains events[from…] anew, as one could who can compute hashes. */
static void chain(size_t from)
{
	for (size_t i = from; i < COUNT; i++) {
		char hash[DIGEST_HEX_SIZE];

		events[i].prev_hash = i == 0 ? AUDIT_GENESIS : events[i - 1].hash;
		assert_int_equal(audit_event_hash(&events[i], arena, hash), RESULT_OK);
		events[i].hash = arena_strdup(arena, hash);
	}
}

static struct audit_checkpoint name_event(size_t index, const char *label)
{
	struct audit_checkpoint checkpoint = {.seq = events[index].seq, .at = AT};

	(void)snprintf(checkpoint.hash, sizeof(checkpoint.hash), "%s", events[index].hash);
	assert_int_equal(audit_checkpoint_sign(key, label, &checkpoint), RESULT_OK);
	return checkpoint;
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(8 << 20);
	assert_int_equal(audit_key_generate(&key), RESULT_OK);
	assert_int_equal(audit_key_from_public_pem(audit_key_public_pem(key, arena), &public_key), RESULT_OK);
	for (size_t i = 0; i < COUNT; i++)
		events[i] = (struct audit_event){.seq = (int64_t)i + 1,
		                                 .at = AT + (int64_t)i * 1000,
		                                 .actor_kind = "system",
		                                 .actor_id = "cli",
		                                 .action = "token.created",
		                                 .target_kind = "token",
		                                 .target_id = "t",
		                                 .outcome = "ok",
		                                 .detail = "{\"role\":\"admin\"}"};
	chain(0);
	checkpoints[0] = name_event(3, "checkpoint");
	checkpoints[1] = name_event(7, "checkpoint");
	head = name_event(COUNT - 1, "head");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	audit_key_free(key);
	audit_key_free(public_key);
	arena_free(arena);
	return 0;
}

struct found {
	int64_t bad_seq;
	char reason[320];
};

static struct found walk(size_t count, const struct audit_checkpoint *the_head, const struct audit_checkpoint *since)
{
	struct audit_trail trail;
	struct found found = {0};
	enum result result = RESULT_OK;

	audit_trail_init(&trail, public_key, checkpoints, ARRAY_SIZE(checkpoints), since);
	for (size_t i = 0; i < count && result == RESULT_OK; i++)
		result = audit_trail_add(&trail, &events[i], arena);
	if (result == RESULT_OK)
		result = audit_trail_check_head(&trail, the_head);
	if (result == RESULT_OK)
		result = audit_trail_finish(&trail);
	assert_int_equal(result, trail.bad_seq ? RESULT_INVALID : RESULT_OK);
	found.bad_seq = trail.bad_seq;
	(void)snprintf(found.reason, sizeof(found.reason), "%s", trail.reason);
	return found;
}

static void an_untouched_trail_holds(void **state)
{
	(void)state;
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 0);
	assert_int_equal(walk(COUNT, &head, &checkpoints[1]).bad_seq, 0);
}

static void one_changed_character_is_found_at_its_event(void **state)
{
	(void)state;
	events[5].detail = "{\"role\":\"admim\"}";
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 6);
}

static void one_bit_of_a_hash_is_found_at_its_event(void **state)
{
	char *hash = arena_strdup(arena, events[5].hash);

	(void)state;
	hash[0] ^= 1;
	events[5].hash = hash;
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 6);
}

static void a_removed_event_is_named(void **state)
{
	(void)state;
	memmove(&events[2], &events[3], (COUNT - 3) * sizeof(events[0]));
	assert_int_equal(walk(COUNT - 1, &head, NULL).bad_seq, 3);
}

static void a_tail_cut_after_the_last_checkpoint_is_found_by_the_head(void **state)
{
	struct found found = walk(9, &head, NULL);

	(void)state;
	assert_int_equal(found.bad_seq, 10);
	assert_non_null(strstr(found.reason, "cut"));
}

static void a_tail_cut_with_its_head_is_found_by_a_checkpoint(void **state)
{
	struct audit_checkpoint older = name_event(5, "head"); /* kept from when it was the head */

	(void)state;
	assert_int_equal(walk(6, &older, NULL).bad_seq, 7);
}

static void an_older_database_put_back_whole_is_found_by_an_exported_checkpoint(void **state)
{
	struct audit_checkpoint older = name_event(8, "head");
	struct audit_checkpoint exported = name_event(9, "checkpoint");

	(void)state;
	assert_int_equal(walk(9, &older, NULL).bad_seq, 0);
	assert_int_equal(walk(9, &older, &exported).bad_seq, 10);
}

static void a_chain_computed_anew_does_not_fit_what_was_signed(void **state)
{
	struct found found;

	(void)state;
	events[5].target_id = "somebody-else";
	chain(5);
	found = walk(COUNT, &head, NULL);
	assert_int_equal(found.bad_seq, 8);
	assert_non_null(strstr(found.reason, "after event 4"));
}

static void a_chain_computed_anew_after_the_last_checkpoint_does_not_fit_the_head(void **state)
{
	(void)state;
	events[8].target_id = "somebody-else";
	chain(8);
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 10);
	/* The hash in the head replaced as well: the signature is not. */
	(void)snprintf(head.hash, sizeof(head.hash), "%s", events[COUNT - 1].hash);
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 10);
}

static void a_checkpoint_is_no_head(void **state)
{
	struct audit_checkpoint posing = name_event(COUNT - 1, "checkpoint");

	(void)state;
	assert_int_equal(walk(COUNT, &posing, NULL).bad_seq, 10);
	checkpoints[0] = name_event(3, "head");
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 4);
}

static void a_missing_head_is_a_fault_where_there_are_events(void **state)
{
	(void)state;
	assert_int_equal(walk(COUNT, NULL, NULL).bad_seq, 9);
	assert_int_equal(walk(0, NULL, NULL).bad_seq, 1); /* all events gone, the checkpoints left */
}

static void another_key_signs_nothing_of_ours(void **state)
{
	(void)state;
	audit_key_free(key);
	key = NULL;
	assert_int_equal(audit_key_generate(&key), RESULT_OK);
	checkpoints[0] = name_event(3, "checkpoint");
	assert_int_equal(walk(COUNT, &head, NULL).bad_seq, 4);
}

/* ---- files
 * --------------------------------------------------------------------------------------------------------------- */

static void write_file(char *path, const char *text)
{
	int file = mkstemp(path);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(file), 0);
}

static enum result read_event(const char *line, struct audit_event *ret_event)
{
	FILE *file = fmemopen((void *)(uintptr_t)line, strlen(line), "r");
	enum result result;

	assert_non_null(file);
	result = audit_file_next_event(file, arena, ret_event, NULL);
	assert_int_equal(fclose(file), 0);
	return result;
}

static const char *line_of(size_t index)
{
	json_t *value = audit_event_to_json(&events[index], true);
	const char *line = json_write(arena, value);

	json_decref(value);
	return line;
}

static void an_exported_line_is_the_event(void **state)
{
	struct audit_event event;
	char hash[DIGEST_HEX_SIZE];

	(void)state;
	assert_int_equal(read_event(line_of(4), &event), RESULT_OK);
	assert_int_equal(event.seq, 5);
	assert_int_equal(audit_event_hash(&event, arena, hash), RESULT_OK);
	assert_string_equal(hash, events[4].hash);
}

static void what_no_hash_covers_has_no_place_in_an_export(void **state)
{
	const char *line = line_of(4);
	const char *more = arena_printf(arena, "%.*s,\"note\":\"approved by the board\"}", (int)strlen(line) - 1, line);
	const char *spaced = arena_printf(arena, "%s {}", line);
	struct audit_event event;

	(void)state;
	assert_int_equal(read_event(more, &event), RESULT_INVALID);
	assert_int_equal(read_event(spaced, &event), RESULT_INVALID);
	assert_int_equal(read_event("{}", &event), RESULT_INVALID);
	assert_int_equal(read_event("\n", &event), RESULT_INVALID);
}

static void a_checkpoint_and_a_key_come_back_from_their_files(void **state)
{
	char path[] = "/tmp/aic-checkpoint-XXXXXX";
	char key_path[] = "/tmp/aic-key-XXXXXX";
	char bad_path[] = "/tmp/aic-bad-XXXXXX";
	char at[CLOCK_TEXT_SIZE];
	struct audit_checkpoint back;
	struct audit_key *read_key = NULL;
	json_t *answer = json_pack("{s:s}", "publicKey", audit_key_public_pem(key, arena));

	(void)state;
	clock_format(checkpoints[0].at, at);
	write_file(path, arena_printf(arena, "{\"items\":[{\"seq\":4,\"hash\":\"%s\",\"at\":\"%s\",\"signature\":\"%s\"}]}",
	                              checkpoints[0].hash, at,
	                              text_base64_encode(arena, checkpoints[0].signature, AUDIT_SIGNATURE_SIZE)));
	write_file(key_path, json_write(arena, answer));
	write_file(bad_path, "{\"seq\":4}");
	assert_int_equal(audit_file_read_checkpoint(path, &back, NULL), RESULT_OK);
	assert_int_equal(audit_file_read_public_key(key_path, &read_key, NULL), RESULT_OK);
	assert_true(audit_checkpoint_verify(read_key, "checkpoint", &back));
	assert_int_equal(audit_file_read_checkpoint(bad_path, &back, NULL), RESULT_INVALID);
	assert_int_equal(audit_file_read_public_key(bad_path, &read_key, NULL), RESULT_INVALID);
	audit_key_free(read_key);
	json_decref(answer);
	(void)unlink(path);
	(void)unlink(key_path);
	(void)unlink(bad_path);
}

/* ---- the key in the store
 * -------------------------------------------------------------------------------------------------- */

struct key_store {
	struct store store; /* first */
	uint8_t value[256];
	size_t length;
	size_t event_count;
	bool raced; /* somebody else writes just before we do */
	int writes;
};

static enum result meta_read(struct store *store, const char *name, struct arena *into, uint8_t **ret_value,
                             size_t *ret_length)
{
	struct key_store *kept = (struct key_store *)store;

	(void)into;
	assert_string_equal(name, "audit.key");
	if (kept->length == 0)
		return RESULT_NOT_FOUND;
	*ret_value = kept->value;
	*ret_length = kept->length;
	return RESULT_OK;
}

static enum result meta_write_once(struct store *store, const char *name, const uint8_t *value, size_t length,
                                   struct error *error)
{
	struct key_store *kept = (struct key_store *)store;

	assert_string_equal(name, "audit.key");
	assert_true(length <= sizeof(kept->value));
	kept->writes++;
	memcpy(kept->value, value, length);
	kept->length = length;
	return kept->raced ? error_set(error, RESULT_CONFLICT, NULL, "taken") : RESULT_OK;
}

static enum result read_from(struct store *store, int64_t after_seq, int limit, struct arena *into,
                             struct audit_event **ret_events, size_t *ret_count)
{
	(void)after_seq;
	(void)limit;
	(void)into;
	*ret_events = events;
	*ret_count = ((struct key_store *)store)->event_count;
	return RESULT_OK;
}

static const struct store_ops key_ops = {
    .name = "key", .meta_read = meta_read, .meta_write_once = meta_write_once, .audit_read_from = read_from};

/* Each key has a variable of its own: a key is read again when it meets what another sealed. */
static struct master_key *master_key(const char *base64)
{
	static int made_before = 0;
	struct master_key *made = NULL;
	char reference[64];

	snprintf(reference, sizeof(reference), "env:AIC_TEST_KEY_%d", ++made_before);
	assert_int_equal(setenv(reference + strlen("env:"), base64, 1), 0);
	assert_int_equal(master_key_read(reference, &made, NULL), RESULT_OK);
	return made;
}

static void the_key_is_made_once_and_stays_the_same(void **state)
{
	struct key_store store = {.store = {.ops = &key_ops}};
	struct master_key *master = master_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
	struct audit_key *first = NULL;
	struct audit_key *second = NULL;

	(void)state;
	assert_int_equal(audit_key_open(&store.store, master, false, &first, NULL), RESULT_NOT_FOUND);
	store.raced = true; /* whoever was first is whom both read */
	assert_int_equal(audit_key_open(&store.store, master, true, &first, NULL), RESULT_OK);
	assert_int_equal(audit_key_open(&store.store, master, true, &second, NULL), RESULT_OK);
	assert_int_equal(store.writes, 1);
	assert_string_equal(audit_key_public_pem(first, arena), audit_key_public_pem(second, arena));
	audit_key_free(first);
	audit_key_free(second);
	master_key_free(master);
}

static void a_lost_key_is_not_quietly_replaced(void **state)
{
	struct key_store store = {.store = {.ops = &key_ops}, .event_count = 1};
	struct master_key *master = master_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
	struct master_key *other = master_key("HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA=");
	struct audit_key *made = NULL;

	(void)state;
	assert_int_equal(audit_key_open(&store.store, master, true, &made, NULL), RESULT_DENIED);
	assert_int_equal(store.writes, 0);
	store.event_count = 0;
	assert_int_equal(audit_key_open(&store.store, master, true, &made, NULL), RESULT_OK);
	audit_key_free(made);
	made = NULL;
	assert_int_equal(audit_key_open(&store.store, other, true, &made, NULL), RESULT_DENIED);
	assert_null(made);
	master_key_free(master);
	master_key_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_untouched_trail_holds),
	    TEST(one_changed_character_is_found_at_its_event),
	    TEST(one_bit_of_a_hash_is_found_at_its_event),
	    TEST(a_removed_event_is_named),
	    TEST(a_tail_cut_after_the_last_checkpoint_is_found_by_the_head),
	    TEST(a_tail_cut_with_its_head_is_found_by_a_checkpoint),
	    TEST(an_older_database_put_back_whole_is_found_by_an_exported_checkpoint),
	    TEST(a_chain_computed_anew_does_not_fit_what_was_signed),
	    TEST(a_chain_computed_anew_after_the_last_checkpoint_does_not_fit_the_head),
	    TEST(a_checkpoint_is_no_head),
	    TEST(a_missing_head_is_a_fault_where_there_are_events),
	    TEST(another_key_signs_nothing_of_ours),
	    TEST(an_exported_line_is_the_event),
	    TEST(what_no_hash_covers_has_no_place_in_an_export),
	    TEST(a_checkpoint_and_a_key_come_back_from_their_files),
	    TEST(the_key_is_made_once_and_stays_the_same),
	    TEST(a_lost_key_is_not_quietly_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
