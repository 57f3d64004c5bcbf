/* An evidence file, as the service makes it and as an auditor proves it without the service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "cli/evidence_verify.h"
#include "domain/evidence_file.h"
#include "server/evidence.h"

#define AT INT64_C(1795000000000)
#define EVENTS 6 /* of a chain of 8: checkpoints at 2 and 8 */
#define NASTY "</script><script>alert(1)</script><!-- & \"quoted\" 'so'\nand a second line \xF0\x9F\xA6\x8A"

static struct arena *arena;
static struct audit_key *key;
static struct audit_key *other_key;
static struct audit_event events[8];
static struct audit_checkpoint before, after;
static struct text file;

static struct audit_checkpoint sign(size_t index)
{
	struct audit_checkpoint checkpoint = {.seq = events[index].seq, .at = AT};

	snprintf(checkpoint.hash, sizeof(checkpoint.hash), "%s", events[index].hash);
	assert_int_equal(audit_checkpoint_sign(key, "checkpoint", &checkpoint), RESULT_OK);
	return checkpoint;
}

static void chain(void)
{
	for (size_t at = 0; at < ARRAY_SIZE(events); at++) {
		char hash[DIGEST_HEX_SIZE];

		events[at] = (struct audit_event){.seq = (int64_t)at + 1,
		                                  .at = AT + (int64_t)at * 1000,
		                                  .actor_kind = "system",
		                                  .actor_id = "worker",
		                                  .action = "grant.member",
		                                  .target_kind = "grant",
		                                  .target_id = "01890000-0000-7000-8000-000000000001",
		                                  .outcome = "ok",
		                                  .detail = "{\"requestId\":\"graph-1\",\"clientRequestId\":\"ours-1\"}",
		                                  .prev_hash = at == 0 ? AUDIT_GENESIS : events[at - 1].hash};
		assert_int_equal(audit_event_hash(&events[at], arena, hash), RESULT_OK);
		events[at].hash = arena_strdup(arena, hash);
	}
	before = sign(1);
	after = sign(7);
}

static struct evidence_case a_case(const char *purpose)
{
	static struct grant_history history[] = {
	    {AT, NULL, "pendingProvision", "jira", "account-approver", NULL},
	    {AT + 1000, "pendingProvision", "active", "system", "worker", NULL},
	};

	return (struct evidence_case){
	    .request = {.request_id = "01890000-0000-7000-8000-000000000000",
	                .issue_key = "AIC-7",
	                .tool_id = "chat",
	                .account_id = "account-ada",
	                .filed_by = "account-ada",
	                .purpose = purpose,
	                .duration_days = 30,
	                .approval = "jsm",
	                .status = REQUEST_APPROVED,
	                .decided_by = "account-approver",
	                .decided_at = AT,
	                .decision = "{\"mode\":\"jsm\"}",
	                .created_at = AT},
	    .has_grant = true,
	    .grant = {.grant_id = "01890000-0000-7000-8000-000000000001",
	              .request_id = "01890000-0000-7000-8000-000000000000",
	              .tool_id = "chat",
	              .account_id = "account-ada",
	              .status = GRANT_ACTIVE,
	              .active_at = AT + 1000},
	    .history = history,
	    .history_count = 2,
	    .events = events,
	    .event_count = 1,
	};
}

static struct finding a_finding(const char *reason)
{
	return (struct finding){.finding_id = "01890000-0000-7000-8000-000000000002",
	                        .class = FINDING_PRESENT,
	                        .status = FINDING_RESOLVED,
	                        .connector_id = "entra",
	                        .group_id = "group",
	                        .member_id = "stranger",
	                        .member_kind = MEMBER_USER,
	                        .code = "membership_not_approved",
	                        .found_at = AT,
	                        .resolved_at = AT + 1000,
	                        .resolution = "takenOut",
	                        .settled_by_kind = "token",
	                        .settled_by_id = "admin-1",
	                        .reason = reason};
}

/* What a test may make of it before it is sealed. */
struct recipe {
	const char *purpose;
	size_t skip; /* an event of the stretch that is left out; 0: none */
	size_t last; /* the last event that is in it */
	bool lacks_before;
	int findings_told; /* beyond the one that there is */
};

static void make_page(const struct recipe *recipe)
{
	struct evidence_about about = {.filter = {.from = AT, .to = AT + 86400000, .tool_id = NULL},
	                               .made_at = AT,
	                               .made_by = "principal",
	                               .public_key = audit_key_public_pem(key, arena)};
	struct evidence_span span = {.before = before, .after = after};
	struct evidence_counts counts = {.requests = 1, .grants = 1, .findings = 1 + recipe->findings_told};
	struct evidence_case one = a_case(recipe->purpose);
	struct finding finding = a_finding(recipe->purpose);

	if (recipe->lacks_before)
		span.before.seq = 0;
	evidence_page_begin(&file, &about, arena);
	evidence_page_case(&file, &one, arena);
	evidence_page_findings(&file, &counts);
	evidence_page_finding(&file, &finding, arena);
	evidence_page_chain(&file, &span, &counts, arena);
	for (size_t at = 2; at < recipe->last; at++) {
		if (recipe->skip == at + 1)
			continue;
		evidence_page_event(&file, &events[at], arena);
		counts.events++;
	}
	evidence_page_end(&file, &span, &counts, arena);
	assert_false(text_failed(&file));
}

static void seal(const struct audit_key *with)
{
	char hash[DIGEST_HEX_SIZE];

	assert_int_equal(digest_sha256_hex(file.data, file.length, hash), RESULT_OK);
	assert_int_equal(evidence_append_seal(&file, with, after.seq, hash, AT, arena), RESULT_OK);
}

static void make(const struct recipe *recipe)
{
	file.length = 0;
	make_page(recipe);
	seal(key);
}

static const struct recipe plain = {.purpose = "To try it", .last = 8};

static enum result verify_bytes(const char *bytes, size_t length, const struct audit_key *with,
                                const struct audit_checkpoint *since, struct evidence_check *ret_check)
{
	FILE *stream = fmemopen((void *)bytes, length, "r");
	struct evidence_check check;
	enum result result;

	assert_non_null(stream);
	assert_int_equal(evidence_check_begin(&check, with, since), RESULT_OK);
	result = evidence_verify_walk(stream, &check);
	fclose(stream);
	evidence_check_done(&check);
	*ret_check = check;
	return result;
}

static enum result verify(struct evidence_check *ret_check)
{
	return verify_bytes(file.data, file.length, key, NULL, ret_check);
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(64 << 20);
	assert_int_equal(audit_key_generate(&key), RESULT_OK);
	assert_int_equal(audit_key_generate(&other_key), RESULT_OK);
	file = TEXT_INIT(16 << 20);
	chain();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	audit_key_free(key);
	audit_key_free(other_key);
	text_done(&file);
	arena_free(arena);
	return 0;
}

static void a_file_that_nobody_touched_holds_and_says_what_is_in_it(void **state)
{
	struct evidence_check check;

	(void)state;
	make(&plain);
	assert_int_equal(verify(&check), RESULT_OK);
	assert_int_equal(check.requests, 1);
	assert_int_equal(check.grants, 1);
	assert_int_equal(check.findings, 1);
	assert_int_equal(check.events, EVENTS);
	assert_int_equal(check.before.seq, 2);
	assert_int_equal(check.after.seq, 8);
}

static void any_byte_that_is_changed_is_found_wherever_it_stands(void **state)
{
	static const unsigned char flips[] = {0x01, 0x20, 0x80};
	struct evidence_check check;

	(void)state;
	make(&plain);
	for (size_t at = 0; at < file.length; at++) {
		unsigned char kept = (unsigned char)file.data[at];

		file.data[at] = (char)(kept ^ flips[at % ARRAY_SIZE(flips)]);
		if (verify(&check) != RESULT_INVALID)
			fail_msg("byte %zu of %zu (%c) was changed and it still holds", at, file.length, kept);
		assert_true(check.reason[0] != '\0');
		file.data[at] = (char)kept;
	}
	assert_int_equal(verify(&check), RESULT_OK);
}

static void a_file_that_was_cut_anywhere_does_not_hold(void **state)
{
	struct evidence_check check;

	(void)state;
	make(&plain);
	for (size_t length = 1; length < file.length; length += 7)
		assert_int_equal(verify_bytes(file.data, length, key, NULL, &check), RESULT_INVALID);
	assert_int_equal(verify_bytes(file.data, file.length - 1, key, NULL, &check), RESULT_INVALID);
}

static void nothing_can_be_added_behind_the_seal(void **state)
{
	struct evidence_check check;

	(void)state;
	make(&plain);
	text_append(&file, "\n");
	assert_int_equal(verify(&check), RESULT_INVALID);
	make(&plain);
	text_append(&file, "<p>and one more grant</p>\n");
	assert_int_equal(verify(&check), RESULT_INVALID);
}

static void a_seal_of_another_key_is_no_seal(void **state)
{
	struct evidence_check check;

	(void)state;
	file.length = 0;
	make_page(&plain);
	seal(other_key);
	assert_int_equal(verify(&check), RESULT_INVALID);
	/* Nor does a file that is whole hold under a key that is not its own. */
	make(&plain);
	assert_int_equal(verify_bytes(file.data, file.length, other_key, NULL, &check), RESULT_INVALID);
	assert_non_null(strstr(check.reason, "another public key"));
}

/* What somebody could make who gets the service to sign a page, but cannot make it sign a chain. */
static void an_event_that_is_left_out_is_named_even_under_a_seal(void **state)
{
	struct evidence_check check;

	(void)state;
	make(&(struct recipe){.purpose = "x", .last = 8, .skip = 5});
	assert_int_equal(verify(&check), RESULT_INVALID);
	assert_int_equal(check.bad_seq, 5);
	make(&(struct recipe){.purpose = "x", .last = 8, .skip = 3});
	assert_int_equal(verify(&check), RESULT_INVALID);
	assert_int_equal(check.bad_seq, 3);
	make(&(struct recipe){.purpose = "x", .last = 7});
	assert_int_equal(verify(&check), RESULT_INVALID);
	assert_int_equal(check.bad_seq, 8);
	make(&(struct recipe){.purpose = "x", .last = 8, .lacks_before = true});
	assert_int_equal(verify(&check), RESULT_INVALID);
	assert_int_equal(check.bad_seq, 1);
}

static void a_checkpoint_kept_elsewhere_must_be_part_of_the_chain(void **state)
{
	struct audit_checkpoint middle = sign(4), first = sign(0), forged = sign(4);
	struct evidence_check check;

	(void)state;
	make(&plain);
	assert_int_equal(verify_bytes(file.data, file.length, key, &middle, &check), RESULT_OK);
	assert_int_equal(verify_bytes(file.data, file.length, key, &before, &check), RESULT_OK);
	assert_int_equal(verify_bytes(file.data, file.length, key, &after, &check), RESULT_OK);
	assert_int_equal(verify_bytes(file.data, file.length, key, &first, &check), RESULT_INVALID);
	assert_non_null(strstr(check.reason, "not among the events"));
	forged.hash[0] = forged.hash[0] == 'a' ? 'b' : 'a';
	assert_int_equal(audit_checkpoint_sign(key, "checkpoint", &forged), RESULT_OK);
	assert_int_equal(verify_bytes(file.data, file.length, key, &forged, &check), RESULT_INVALID);
	assert_int_equal(check.bad_seq, 5);
}

static size_t count_of(const char *needle)
{
	size_t count = 0;

	for (const char *at = file.data; (at = strstr(at, needle)) != NULL; at++)
		count++;
	return count;
}

static void assert_record_says(const char *kind, const char *member, const char *text)
{
	char found[EVIDENCE_KIND_SIZE] = "";
	json_t *value = NULL;
	const char *line = strstr(file.data, arena_printf(arena, "data-record=\"%s\"", kind)), *end;

	assert_non_null(line);
	while (line > file.data && line[-1] != '\n')
		line--;
	end = strchr(line, '\n');
	assert_int_equal(evidence_line_record(line, (size_t)(end - line), found, &value), RESULT_OK);
	assert_string_equal(found, kind);
	assert_string_equal(json_string_at(value, member), text);
	json_decref(value);
}

/* What somebody could make who gets the service to sign a page. */
static void a_finding_that_is_left_out_or_stands_elsewhere_is_missed_even_under_a_seal(void **state)
{
	struct evidence_counts counts = {.requests = 0};
	struct finding finding = a_finding("x");
	struct evidence_check check;

	(void)state;
	make(&(struct recipe){.purpose = "x", .last = 8, .findings_told = 1});
	assert_int_equal(verify(&check), RESULT_INVALID);
	assert_non_null(strstr(check.reason, "findings"));
	make(&(struct recipe){.purpose = "x", .last = 8, .findings_told = -1});
	assert_int_equal(verify(&check), RESULT_INVALID);
	file.length = 0;
	evidence_page_begin(&file, &(struct evidence_about){.made_by = "x", .public_key = audit_key_public_pem(key, arena)},
	                    arena);
	evidence_page_chain(&file, &(struct evidence_span){.before = before, .after = after}, &counts, arena);
	evidence_page_finding(&file, &finding, arena);
	evidence_page_finding(&file, &finding, arena);
	seal(key);
	assert_int_equal(verify(&check), RESULT_INVALID);
	assert_non_null(strstr(check.reason, "order"));
}

static void what_somebody_wrote_stays_text_on_the_page_and_in_its_data(void **state)
{
	struct evidence_check check;

	(void)state;
	make(&(struct recipe){.purpose = NASTY, .last = 8});
	assert_int_equal(verify(&check), RESULT_OK);
	/* about, request, grant, finding, before, six events, after, end, seal */
	assert_int_equal(count_of("<script"), 8 + EVENTS);
	assert_int_equal(count_of("</script>"), 8 + EVENTS);
	assert_int_equal(count_of("<!--"), 1);
	assert_int_equal(count_of("&lt;/script&gt;&lt;script&gt;alert(1)"), 2); /* the purpose and the finding's reason */
	assert_record_says(EVIDENCE_REQUEST, "purpose", NASTY);
	assert_record_says(EVIDENCE_FINDING, "reason", NASTY);
}

static void a_spreadsheet_gets_no_formula(void **state)
{
	static const char *const bad[] = {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"};

	(void)state;
	for (size_t at = 0; at < ARRAY_SIZE(bad); at++) {
		_cleanup_(text_done) struct text table = TEXT_INIT(1 << 16);
		struct evidence_case one = a_case(bad[at]);
		char quoted[32];

		evidence_csv_case(&table, &one, arena);
		assert_false(text_failed(&table));
		snprintf(quoted, sizeof(quoted), "'%s", bad[at]);
		assert_non_null(strstr(table.data, quoted));
	}
}

static void the_table_has_a_cell_for_each_of_its_columns(void **state)
{
	_cleanup_(text_done) struct text table = TEXT_INIT(1 << 16);
	struct evidence_case one = a_case("plain");
	size_t heads = 0, cells = 0;

	(void)state;
	evidence_csv_begin(&table);
	for (size_t at = 0; at < table.length; at++)
		heads += table.data[at] == ',';
	table.length = 0;
	evidence_csv_case(&table, &one, arena);
	for (size_t at = 0; at < table.length; at++)
		cells += table.data[at] == ',';
	assert_int_equal(heads, cells);
	assert_non_null(strstr(table.data, ",graph-1,ours-1,"));
}

/* For every N, the Nth allocation fails: either the file holds, or it is said that memory ran out; never that it does
 * not hold. */
static void want_of_memory_is_not_taken_for_a_forgery(void **state)
{
	struct evidence_check check;
	uint64_t failures;

	(void)state;
	make(&plain);
	for (uint64_t nth = 1;; nth++) {
		FILE *stream = fmemopen(file.data, file.length, "r");
		enum result result;

		failures = memory_failures();
		memory_fail_nth(nth);
		result = evidence_check_begin(&check, key, NULL);
		if (result == RESULT_OK)
			result = evidence_verify_walk(stream, &check);
		memory_fail_nth(0);
		evidence_check_done(&check);
		fclose(stream);
		if (memory_failures() == failures) {
			assert_int_equal(result, RESULT_OK);
			break;
		}
		if (result != RESULT_OK && result != RESULT_NO_MEMORY)
			fail_msg("allocation %llu failed, and the file was called forged: %s", (unsigned long long)nth,
			         check.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_file_that_nobody_touched_holds_and_says_what_is_in_it, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(any_byte_that_is_changed_is_found_wherever_it_stands, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_file_that_was_cut_anywhere_does_not_hold, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(nothing_can_be_added_behind_the_seal, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_seal_of_another_key_is_no_seal, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_event_that_is_left_out_is_named_even_under_a_seal, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_checkpoint_kept_elsewhere_must_be_part_of_the_chain, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_finding_that_is_left_out_or_stands_elsewhere_is_missed_even_under_a_seal,
	                                    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_somebody_wrote_stays_text_on_the_page_and_in_its_data, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_spreadsheet_gets_no_formula, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_table_has_a_cell_for_each_of_its_columns, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(want_of_memory_is_not_taken_for_a_forgery, set_up, tear_down),
	};

	memory_install_library_hooks();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
