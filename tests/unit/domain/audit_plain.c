/* The quick way to an event's canonical text never says anything but what the long way says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "domain/audit_plain.h"

#define DETAIL "{\"from\":\"pendingProvision\",\"to\":\"active\",\"a\":\"\",\"from2\":\"x, y: {z}\",\"fro\":\"1\"}"

static struct audit_event event_of(const char *detail)
{
	return (struct audit_event){.seq = 7,
	                            .at = 1795426200000,
	                            .actor_kind = "token",
	                            .actor_id = "0198",
	                            .action = "grant.activated",
	                            .target_kind = "grant",
	                            .target_id = "entra-prod",
	                            .outcome = "ok",
	                            .detail = detail,
	                            .prev_hash = AUDIT_GENESIS};
}

/* Whether the quick way was taken; it must then have come where the long one comes. */
static bool is_plain_and_the_same(const struct audit_event *event)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	_cleanup_(json_decrefp) json_t *value = audit_event_to_json(event, false);
	struct audit_plain plain;
	if (!audit_plain_write(event, &plain))
		return false;
	if (value == NULL)
		fail_msg("taken as plain, but refused by the long way: %s", event->detail);
	const char *canonical = json_write_canonical(arena, value);
	assert_non_null(canonical);
	assert_int_equal(plain.length, strlen(canonical));
	assert_memory_equal(plain.bytes, canonical, plain.length);
	return true;
}

static void a_plain_event_has_the_text_that_an_auditor_recomputes(void **state)
{
	(void)state;
	static const char *const details[] = {"{}", "{\"a\":\"b\"}", DETAIL, "{\"b\":\"1\",\"a\":\"2\",\"ab\":\"3\"}",
	                                      "{\"Z\":\"~\",\"a\":\" \",\"_\":\"[]\"}"};
	for (size_t at = 0; at < ARRAY_SIZE(details); at++) {
		struct audit_event event = event_of(details[at]);
		assert_true(is_plain_and_the_same(&event));
	}
}

static void whatever_is_unusual_is_left_to_the_long_way(void **state)
{
	(void)state;
	static const char *const details[] = {NULL,
	                                      "",
	                                      "{",
	                                      "}",
	                                      "[]",
	                                      "{}x",
	                                      "{\"a\":1}",
	                                      "{\"a\":null}",
	                                      "{\"a\":{}}",
	                                      "{ \"a\":\"b\"}",
	                                      "{\"a\":\"b\",}",
	                                      "{\"a\":\"b\"",
	                                      "{\"a\":\"\\n\"}",
	                                      "{\"a\":\"\xc3\xa9\"}",
	                                      "{\"a\":\"b\",\"a\":\"b\"}",
	                                      "{\"a\":\"b\"}{\"c\":\"d\"}"};
	for (size_t at = 0; at < ARRAY_SIZE(details); at++) {
		struct audit_event event = event_of(details[at]);
		assert_false(is_plain_and_the_same(&event));
	}
}

static void unusual_members_are_left_to_the_long_way(void **state)
{
	(void)state;
	static const size_t members[] = {
	    offsetof(struct audit_event, actor_kind), offsetof(struct audit_event, actor_id),
	    offsetof(struct audit_event, action),     offsetof(struct audit_event, target_kind),
	    offsetof(struct audit_event, target_id),  offsetof(struct audit_event, outcome),
	    offsetof(struct audit_event, prev_hash)};
	static const char *const values[] = {NULL, "\"", "a\\", "a\nb", "\xc3\xa9", "\xff", "\x7f"};
	for (size_t at = 0; at < ARRAY_SIZE(members); at++) {
		for (size_t value = 0; value < ARRAY_SIZE(values); value++) {
			struct audit_event event = event_of("{}");
			*(const char **)((char *)&event + members[at]) = values[value];
			assert_false(is_plain_and_the_same(&event));
		}
	}
	struct audit_event event = event_of("{}");
	event.at = 0;
	assert_false(is_plain_and_the_same(&event));
	event = event_of("{}");
	event.seq = INT64_C(9007199254740992);
	assert_false(is_plain_and_the_same(&event));
}

static void no_single_byte_makes_the_two_ways_differ(void **state)
{
	(void)state;
	char detail[] = DETAIL;
	for (size_t at = 0; at < sizeof(detail) - 1; at++) {
		char kept = detail[at];
		for (int byte = 0; byte < 256; byte++) {
			struct audit_event event = event_of(detail);
			detail[at] = (char)byte;
			(void)is_plain_and_the_same(&event);
		}
		detail[at] = kept;
	}
}

static void a_long_event_is_left_to_the_long_way(void **state)
{
	(void)state;
	char detail[4096], many[4096] = "{";
	memset(detail, 'x', sizeof(detail));
	memcpy(detail, "{\"a\":\"", 6);
	for (size_t length = 1000; length < sizeof(detail); length++) {
		char kept[3];
		memcpy(kept, detail + length - 3, sizeof(kept));
		memcpy(detail + length - 3, "\"}", 3);
		struct audit_event event = event_of(detail);
		bool plain = is_plain_and_the_same(&event);
		assert_true(plain || length > 1500);
		assert_false(plain && length > 2048);
		memcpy(detail + length - 3, kept, sizeof(kept));
	}
	for (int at = 0; at < 40; at++) {
		char *end = many + strlen(many);
		snprintf(end, (size_t)(many + sizeof(many) - end), "%s\"k%d\":\"v\"}", at > 0 ? "," : "", at);
		struct audit_event event = event_of(many);
		assert_int_equal(is_plain_and_the_same(&event), at < 24);
		many[strlen(many) - 1] = '\0';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plain_event_has_the_text_that_an_auditor_recomputes),
	    cmocka_unit_test(whatever_is_unusual_is_left_to_the_long_way),
	    cmocka_unit_test(unusual_members_are_left_to_the_long_way),
	    cmocka_unit_test(no_single_byte_makes_the_two_ways_differ),
	    cmocka_unit_test(a_long_event_is_left_to_the_long_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
