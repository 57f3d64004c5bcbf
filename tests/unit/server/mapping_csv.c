/* Files of identity mappings: what is written is read back, whatever is in it, and every wrong row is told by its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/mapping_csv.h"

#define HEAD "accountId,connectorId,externalId,note\n"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new(256u << 20);
	return arena != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct mapping_csv csv_of(const char *bytes, size_t length)
{
	struct mapping_csv csv = {0};
	char *copy = arena_alloc(arena, length + 1);

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	assert_int_equal(mapping_csv_read(copy, length, arena, &csv), RESULT_OK);
	return csv;
}

/* Text from what is awkward: quotes, commas, line ends, apostrophes, formulas, letters of several bytes. */
static char *awkward_text(unsigned *seed, size_t longest)
{
	static const char *const pieces[] = {"=",  "+",    "-", "@", "'", "\"", ",", "\n",
	                                     "\r", "\r\n", "a", " ", "ü", "☃",  "\t"};
	struct text text = TEXT_INIT(4096);
	size_t count = 1 + (size_t)rand_r(seed) % longest;

	for (size_t i = 0; i < count; i++)
		text_append(&text, pieces[(size_t)rand_r(seed) % ARRAY_SIZE(pieces)]);
	char *copy = arena_strdup(arena, text.data);
	text_done(&text);
	return copy;
}

static void what_was_exported_is_imported_as_it_was_whatever_is_in_it(void **state)
{
	unsigned seed = 20261124;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		const struct identity_mapping mapping = {.account_id = awkward_text(&seed, 12),
		                                         .connector_id = "entra",
		                                         .external_id = awkward_text(&seed, 12),
		                                         .note = awkward_text(&seed, 20)};
		struct text text = TEXT_INIT(1 << 16);

		mapping_csv_write_head(&text);
		mapping_csv_write(&text, &mapping);
		struct mapping_csv csv = csv_of(text.data, text.length);
		assert_int_equal(csv.error_count, 0);
		assert_int_equal(csv.row_count, 1);
		assert_string_equal(csv.rows[0].account_id, mapping.account_id);
		assert_string_equal(csv.rows[0].external_id, mapping.external_id);
		assert_string_equal(csv.rows[0].note, mapping.note);
		text_done(&text);
		if (round % 100 == 0)
			arena_reset(arena);
	}
}

static void an_exported_cell_does_not_run_as_a_formula(void **state)
{
	static const char *const values[] = {"=1", "+1", "-1", "@a", "'=1", "''@"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const struct identity_mapping mapping = {
		    .account_id = values[i], .connector_id = "entra", .external_id = "a", .note = ""};
		struct text text = TEXT_INIT(1024);

		mapping_csv_write(&text, &mapping);
		assert_int_equal(text.data[0], '\'');
		text_done(&text);
	}
}

static void a_wrong_row_is_told_by_the_line_where_it_begins(void **state)
{
	static const struct {
		const char *text;
		int64_t line;
		const char *code;
		const char *path;
	} rows[] = {
	    {HEAD "a,entra,\"x\ny\",\n,entra,x,\n", 4, "too_short", "accountId"},
	    {HEAD "a,entra,x\n", 2, "malformed", ""},
	    {HEAD "a,entra,x,,\n", 2, "malformed", ""},
	    {HEAD "\na,entra,x\"y,\n", 3, "malformed", ""},
	    {HEAD "a,entra,\"x\"y,\n", 2, "malformed", ""},
	    {HEAD "a,entra,x,\"open\n\n\n", 2, "malformed", ""},
	    {HEAD "a,not a label,x,\n", 2, "malformed", "connectorId"},
	    {"accountId,externalId\n", 1, "required", "connectorId"},
	    {"accountId,connectorId,externalId,accountId\n", 1, "duplicate", "accountId"},
	    {"accountId,connectorId,externalId,extra\n", 1, "unknown_key", ""},
	    {"", 1, "required", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mapping_csv csv = csv_of(rows[i].text, strlen(rows[i].text));
		assert_int_equal(csv.error_count, 1);
		assert_int_equal(csv.errors[0].line, rows[i].line);
		assert_string_equal(csv.errors[0].code, rows[i].code);
		assert_string_equal(csv.errors[0].path, rows[i].path);
	}
}

static void rows_after_a_wrong_one_are_still_read_so_that_all_is_told_at_once(void **state)
{
	static const char text[] = HEAD "a,entra,x,\nb,entra\nc,entra,y,\n\"d\"e,entra,z,\nf,entra,w,";
	struct mapping_csv csv = csv_of(text, strlen(text));

	(void)state;
	assert_int_equal(csv.row_count, 3);
	assert_int_equal(csv.rows[2].line, 6);
	assert_string_equal(csv.rows[2].account_id, "f");
	assert_int_equal(csv.error_count, 2);
}

static void errors_of_the_store_find_their_place_among_the_lines_and_the_first_thousand_stay(void **state)
{
	struct text text = TEXT_INIT(1 << 20);

	(void)state;
	text_append(&text, HEAD "a,entra,x,\n");
	for (int i = 0; i < MAPPING_IMPORT_ERRORS_MAX; i++)
		text_append(&text, "b\n");
	struct mapping_csv csv = csv_of(text.data, text.length);
	text_done(&text);
	assert_int_equal(csv.error_count, MAPPING_IMPORT_ERRORS_MAX);
	assert_false(csv.truncated);
	mapping_csv_add_error(&csv, &(struct mapping_import_error){.line = 2, .code = "not_one_of"});
	assert_true(csv.truncated);
	assert_int_equal(csv.error_count, MAPPING_IMPORT_ERRORS_MAX);
	assert_int_equal(csv.errors[0].line, 2);
	assert_int_equal(csv.errors[MAPPING_IMPORT_ERRORS_MAX - 1].line, MAPPING_IMPORT_ERRORS_MAX + 1);
	mapping_csv_add_error(&csv, &(struct mapping_import_error){.line = 9000, .code = "not_one_of"});
	assert_int_equal(csv.errors[MAPPING_IMPORT_ERRORS_MAX - 1].line, MAPPING_IMPORT_ERRORS_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_exported_is_imported_as_it_was_whatever_is_in_it),
	    cmocka_unit_test(an_exported_cell_does_not_run_as_a_formula),
	    cmocka_unit_test(a_wrong_row_is_told_by_the_line_where_it_begins),
	    cmocka_unit_test(rows_after_a_wrong_one_are_still_read_so_that_all_is_told_at_once),
	    cmocka_unit_test(errors_of_the_store_find_their_place_among_the_lines_and_the_first_thousand_stay),
	};

	return cmocka_run_group_tests_name("server: files of mappings", tests, set_up, tear_down);
}
