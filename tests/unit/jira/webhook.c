#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "jira/webhook.h"

#include "sample_files.h"

/* Atlassian's own vector (facts: "It's a Secret to Everybody"). */
static const char secret_text[] = "It's a Secret to Everybody";
static const char body_text[] = "Hello World!";
static const char signature[] = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";

static bool holds(const char *header, const char *body, const char *first, const char *second)
{
	const struct webhook_secret secrets[] = {{first, strlen(first)},
	                                         {second ? second : "", second ? strlen(second) : 0}};
	return webhook_signature_holds(header, body, strlen(body), secrets, second ? 2 : 1);
}

static void a_body_signed_by_jira_is_let_in(void **state)
{
	(void)state;
	assert_true(holds(signature, body_text, secret_text, NULL));
	char upper[sizeof(signature)];
	memcpy(upper, signature, sizeof(signature));
	for (char *at = upper + 7; *at; at++)
		*at = (char)(*at >= 'a' ? *at - 32 : *at);
	assert_true(holds(upper, body_text, secret_text, NULL));
}

static void a_tampered_body_or_another_secret_is_kept_out(void **state)
{
	(void)state;
	assert_false(holds(signature, "Hello World?", secret_text, NULL));
	assert_false(holds(signature, "Hello World! ", secret_text, NULL));
	assert_false(holds(signature, body_text, "another", NULL));
	assert_false(webhook_signature_holds(signature, body_text, strlen(body_text), NULL, 0));
}

static void an_empty_secret_never_signs(void **state)
{
	(void)state;
	/* HMAC-SHA256 of "Hello World!" under the empty key is a well-defined number that anybody can compute. */
	assert_false(holds("sha256=0366d43cf5215a646b90008490ca34b5994cc08f173c9e6cdccef82656896592", body_text, "", NULL));
}

static void while_rotating_either_secret_signs(void **state)
{
	(void)state;
	assert_true(holds(signature, body_text, "old", secret_text));
	assert_true(holds(signature, body_text, secret_text, "new"));
	assert_false(holds(signature, body_text, "old", "new"));
}

static void a_signature_of_any_other_form_is_kept_out(void **state)
{
	(void)state;
	static const char *const headers[] = {
	    "",
	    "sha256",
	    "sha256=",
	    "sha1=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
	    "SHA256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
	    "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
	    "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c",
	    "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9 ",
	    " sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
	    "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9, sha256=00",
	    "sha256=g4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
	    "sha256= 4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
	};
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		assert_false(holds(headers[i], body_text, secret_text, NULL));
	assert_false(holds(NULL, body_text, secret_text, NULL));
}

/* ---- hints
 * ------------------------------------------------------------------------------------------------------------ */

static struct arena *arena;

static int arena_setup(void **state)
{
	(void)state;
	arena = arena_new((size_t)64 * 1024 * 1024);
	return arena ? 0 : -1;
}

static int arena_teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* Whatever the body: an answer, and one that says either whom to ask about or why nobody. */
static struct webhook_hint hint_of(const char *body, size_t length)
{
	struct webhook_hint hint;
	memset(&hint, 0x5a, sizeof(hint));
	assert_int_equal(webhook_read(body, length, arena, &hint), RESULT_OK);
	if (hint.code) {
		assert_non_null(hint.reason);
		assert_null(hint.issue_id);
		assert_null(hint.issue_key);
		assert_true(text_equal(hint.code, "json_malformed") || text_equal(hint.code, "webhook_not_an_issue"));
	} else {
		assert_true(hint.issue_id || hint.issue_key);
	}
	if (hint.issue_id)
		assert_true(strlen(hint.issue_id) <= 64 && strspn(hint.issue_id, "0123456789") == strlen(hint.issue_id));
	if (hint.issue_key)
		assert_true(strlen(hint.issue_key) <= 255 && strpbrk(hint.issue_key, "/?#% \n") == NULL);
	return hint;
}

static struct webhook_hint hint_of_text(const char *body)
{
	return hint_of(body, strlen(body));
}

static void every_sample_of_a_real_jira_names_its_issue(void **state)
{
	(void)state;
	static const struct {
		const char *file, *id, *key, *event;
	} samples[] = {
	    {"atlassian-docs-issue-updated.json", "99291", "JRA-20002", "jira:issue_updated"},
	    {"cloud2024-issue-created.json", "10021", "KAN-22", "jira:issue_created"},
	    {"mm-cloud-issue-created-many-fields.json", "10509", "KT-22", "jira:issue_created"},
	    {"mm-issue-updated-resolved.json", "10040", "TES-41", "jira:issue_updated"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t length = 0;
		char *body = sample_read(samples[i].file, &length);
		assert_non_null(body);
		struct webhook_hint hint = hint_of(body, length);
		assert_null(hint.code);
		assert_string_equal(hint.issue_id, samples[i].id);
		assert_string_equal(hint.issue_key, samples[i].key);
		assert_string_equal(hint.event_type, samples[i].event);
		memory_free(body);
	}
}

static void an_event_without_an_issue_says_so(void **state)
{
	(void)state;
	static const char *const files[] = {"mm-server-comment-created.json", "jsm-api-get-approvals.json",
	                                    "jsm-api-get-request.json", "jsm-approvals-customfield-fragment.json"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		size_t length = 0;
		char *body = sample_read(files[i], &length);
		assert_non_null(body);
		assert_string_equal(hint_of(body, length).code, "webhook_not_an_issue");
		memory_free(body);
	}
}

static void a_body_of_the_wrong_shape_is_a_reason_and_never_a_crash(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "[]",
	    "null",
	    "7",
	    "\"x\"",
	    "{}",
	    "{\"issue\":null}",
	    "{\"issue\":[]}",
	    "{\"issue\":\"AIC-7\"}",
	    "{\"issue\":{\"id\":{},\"key\":[]}}",
	    "{\"issue\":{\"id\":true}}",
	    "{\"issue\":{\"id\":-5}}",
	    "{\"issue\":{\"id\":1.5}}",
	    "{\"issue\":{\"id\":\"12a\"}}",
	    "{\"issue\":{\"id\":\"\"}}",
	    "{\"issue\":{\"key\":\"AIC\"}}",
	    "{\"issue\":{\"key\":\"AIC-\"}}",
	    "{\"issue\":{\"key\":\"7-AIC\"}}",
	    "{\"issue\":{\"key\":\"AIC-7/../../x\"}}",
	    "{\"issue\":{\"key\":\"AIC-7?a=b\"}}",
	    "{\"webhookEvent\":7,\"issue\":{}}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		assert_string_equal(hint_of_text(bodies[i]).code, "webhook_not_an_issue");
}

static void an_id_is_read_as_text_or_number(void **state)
{
	(void)state;
	assert_string_equal(hint_of_text("{\"issue\":{\"id\":10042}}").issue_id, "10042");
	assert_string_equal(hint_of_text("{\"issue\":{\"id\":\"10042\"}}").issue_id, "10042");
	struct webhook_hint hint = hint_of_text("{\"issue\":{\"id\":{},\"key\":\"AI_C2-7\"}}");
	assert_null(hint.issue_id);
	assert_string_equal(hint.issue_key, "AI_C2-7");
	assert_null(hint_of_text("{\"webhookEvent\":[],\"issue\":{\"id\":1}}").event_type);
}

static void a_body_that_is_no_json_says_where(void **state)
{
	(void)state;
	static const char *const bodies[] = {
	    "",
	    " ",
	    "{",
	    "{\"issue\":",
	    "{\"issue\":{\"id\":1}} x",
	    "{\"issue\":{\"id\":1},\"issue\":{\"id\":2}}",
	    "{\"issue\":{\"id\":\"\xff\xfe\"}}",
	    "\xc3\x28",
	    "{'issue':1}",
	    "<html>",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		assert_string_equal(hint_of_text(bodies[i]).code, "json_malformed");
	static const char with_nul[] = "{\"issue\":{\"id\":1}}\0{}";
	assert_string_equal(hint_of(with_nul, sizeof(with_nul) - 1).code, "json_malformed");
}

static void a_megabyte_of_nesting_is_refused_and_not_recursed_into(void **state)
{
	(void)state;
	static char body[1024 * 1024];
	memset(body, '[', sizeof(body));
	assert_string_equal(hint_of(body, sizeof(body)).code, "json_malformed");
	memset(body + sizeof(body) / 2, ']', sizeof(body) / 2);
	assert_string_equal(hint_of(body, sizeof(body)).code, "json_malformed");
	for (size_t i = 0; i + 5 <= sizeof(body); i += 5)
		memcpy(body + i, "{\"a\":", 5);
	assert_string_equal(hint_of(body, sizeof(body)).code, "json_malformed");
}

static void a_body_cut_at_any_byte_is_a_reason(void **state)
{
	(void)state;
	size_t length = 0;
	char *body = sample_read("atlassian-docs-issue-updated.json", &length);
	assert_non_null(body);
	while (length > 0 && body[length - 1] != '}')
		length--;
	for (size_t cut = 0; cut < length; cut++) {
		char *copy = memory_alloc(cut); /* a block of exactly that size: a read beyond it is found */
		assert_non_null(copy);
		memcpy(copy, body, cut);
		assert_string_equal(hint_of(copy, cut).code, "json_malformed");
		memory_free(copy);
	}
	memory_free(body);
}

static json_t *value_other(unsigned int pick)
{
	switch (pick % 7) {
	case 0:
		return json_null();
	case 1:
		return json_integer(-1);
	case 2:
		return json_string("\xc3\xa4");
	case 3:
		return json_array();
	case 4:
		return json_object();
	case 5:
		return json_true();
	default:
		return json_real(1e300);
	}
}

static void hint_of_value(const json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);
	assert_non_null(text);
	hint_of(text, strlen(text));
	free(text);
	arena_reset(arena);
}

#define MEMBERS_MAX 128

/* Each member of each object, at every depth, gone or of another type. The names are taken down first: a member that is
 * put back stands last, where a walk over the object would meet it again. */
static void mutate(json_t *root, json_t *object, unsigned int *pick)
{
	const char *key;
	json_t *child;
	char *names[MEMBERS_MAX];
	size_t count = 0;
	json_object_foreach(object, key, child)
	{
		assert_true(count < MEMBERS_MAX);
		names[count++] = memory_strdup(key);
	}
	for (size_t i = 0; i < count; i++) {
		json_t *kept = json_incref(json_object_get(object, names[i]));
		json_object_set_new(object, names[i], value_other((*pick)++));
		hint_of_value(root);
		json_object_del(object, names[i]);
		hint_of_value(root);
		json_object_set_new(object, names[i], kept);
		if (json_is_object(kept))
			mutate(root, kept, pick);
		memory_free(names[i]);
	}
}

static void a_sample_with_any_member_changed_or_gone_is_answered(void **state)
{
	(void)state;
	static const char *const files[] = {"atlassian-docs-issue-updated.json", "mm-server-comment-created.json",
	                                    "cloud2024-issue-created.json"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		size_t length = 0;
		char *body = sample_read(files[i], &length);
		assert_non_null(body);
		json_t *root = json_loadb(body, length, 0, NULL);
		assert_non_null(root);
		unsigned int pick = 0;
		mutate(root, root, &pick);
		assert_true(pick > 10);
		json_decref(root);
		memory_free(body);
	}
}

static void memory_that_runs_out_is_told_and_not_called_a_bad_body(void **state)
{
	(void)state;
	static const char body[] =
	    "{\"webhookEvent\":\"jira:issue_updated\",\"issue\":{\"id\":\"10042\",\"key\":\"AIC-7\"}}";
	struct arena *small = arena_new(8);
	assert_non_null(small);
	struct webhook_hint hint = {.code = "untouched"};
	assert_int_equal(webhook_read(body, strlen(body), small, &hint), RESULT_NO_MEMORY);
	assert_string_equal(hint.code, "untouched");
	arena_free(small);
}

/* ---- automation
 * --------------------------------------------------------------------------------------------------------- */

static enum result automation(const char *body, const char **ret_key, struct error *error)
{
	return webhook_read_automation(body, strlen(body), arena, ret_key, error);
}

static void automation_gives_the_key_and_only_that(void **state)
{
	(void)state;
	const char *key = NULL;
	struct error error = {0};
	assert_int_equal(automation("{\"issueKey\":\"AIC-7\",\"status\":\"Approved\"}", &key, &error), RESULT_OK);
	assert_string_equal(key, "AIC-7");
}

static void automation_without_a_key_is_refused_by_name(void **state)
{
	(void)state;
	static const char *const bodies[] = {"{}",
	                                     "[]",
	                                     "{\"issueKey\":7}",
	                                     "{\"issueKey\":\"\"}",
	                                     "{\"issueKey\":\"x\"}",
	                                     "{\"issueKey\":{\"issueKey\":\"AIC-7\"}}",
	                                     "{\"issuekey\":\"AIC-7\"}",
	                                     "{\"issueKey\":\"AIC-7/..\"}"};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		const char *key = NULL;
		struct error error = {0};
		assert_int_equal(automation(bodies[i], &key, &error), RESULT_INVALID);
		assert_string_equal(error.code, "validation_failed");
		assert_null(key);
	}
	const char *key = NULL;
	struct error error = {0};
	assert_int_equal(automation("{\"issueKey\":", &key, &error), RESULT_INVALID);
	assert_string_equal(error.code, "json_malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_body_signed_by_jira_is_let_in),
	    cmocka_unit_test(a_tampered_body_or_another_secret_is_kept_out),
	    cmocka_unit_test(an_empty_secret_never_signs),
	    cmocka_unit_test(while_rotating_either_secret_signs),
	    cmocka_unit_test(a_signature_of_any_other_form_is_kept_out),
	    cmocka_unit_test(every_sample_of_a_real_jira_names_its_issue),
	    cmocka_unit_test(an_event_without_an_issue_says_so),
	    cmocka_unit_test(a_body_of_the_wrong_shape_is_a_reason_and_never_a_crash),
	    cmocka_unit_test(an_id_is_read_as_text_or_number),
	    cmocka_unit_test(a_body_that_is_no_json_says_where),
	    cmocka_unit_test(a_megabyte_of_nesting_is_refused_and_not_recursed_into),
	    cmocka_unit_test(a_body_cut_at_any_byte_is_a_reason),
	    cmocka_unit_test(a_sample_with_any_member_changed_or_gone_is_answered),
	    cmocka_unit_test(memory_that_runs_out_is_told_and_not_called_a_bad_body),
	    cmocka_unit_test(automation_gives_the_key_and_only_that),
	    cmocka_unit_test(automation_without_a_key_is_refused_by_name),
	};
	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
