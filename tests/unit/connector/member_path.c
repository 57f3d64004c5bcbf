#include "fake_entra.h"

#include <dirent.h>
#include <limits.h>

#include "base/id.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/members.h"

static void a_removal_never_names_the_user_alone(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *arena = arena_new(4 << 20);
	for (int i = 0; i < 2000; i++) {
		char group[ID_SIZE];
		char user[ID_SIZE];
		id_random(group);
		id_random(user);
		const char *path = member_ref_path(arena, group, user);
		assert_non_null(path);
		assert_true(text_ends_with(path, "/$ref"));
		assert_string_equal(path, arena_printf(arena, "/groups/%s/members/%s/$ref", group, user));
		assert_true(graph_request_is_allowed(GRAPH_DELETE, path, NULL));
	}
}

static void an_id_that_is_none_gives_no_path(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "", "x", "../" FAKE_USER, FAKE_USER "/", FAKE_USER "?", "12345678-1234-1234-1234-12345678901"};
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(member_ref_path(arena, FAKE_GROUP, bad[i]));
		assert_null(member_ref_path(arena, bad[i], FAKE_USER));
	}
}

static void only_membership_writes_leave_this_machine(void **state)
{
	(void)state;
	static const struct {
		enum graph_method method;
		const char *path;
		bool allowed;
	} rows[] = {
	    {GRAPH_GET, "/users", true},
	    {GRAPH_GET, "users", false},
	    {GRAPH_POST, "/$batch", true},
	    {GRAPH_POST, "/groups/" FAKE_GROUP "/members/$ref", true},
	    {GRAPH_POST, "/groups/" FAKE_GROUP "/members/$ref?x", false},
	    {GRAPH_POST, "/groups/" FAKE_GROUP "/owners/$ref", false},
	    {GRAPH_POST, "/groups", true},
	    {GRAPH_POST, "/groups/", false},
	    {GRAPH_POST, "/groups?x", false},
	    {GRAPH_UPSERT, "/groups(uniqueName='aiclearance-chat-0123')", true},
	    {GRAPH_UPSERT, "/groups(uniqueName='')", false},
	    {GRAPH_UPSERT, "/groups(uniqueName='a''b')", false},
	    {GRAPH_UPSERT, "/groups(uniqueName='a')/owners", false},
	    {GRAPH_UPSERT, "/groups/" FAKE_GROUP, false},
	    {GRAPH_UPSERT, "/users/" FAKE_USER, false},
	    {GRAPH_LINK, "/groups/" FAKE_GROUP, false},
	    {GRAPH_POST, "/users", false},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP "/members/" FAKE_USER "/$ref", true},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP "/members/" FAKE_USER, false},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP "/members/" FAKE_USER "/", false},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP "/members/$ref", false},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP "/members/" FAKE_USER "/$ref/", false},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP "/members/" FAKE_USER "?/$ref", false},
	    {GRAPH_DELETE, "/groups/" FAKE_GROUP, false},
	    {GRAPH_DELETE, "/users/" FAKE_USER, false},
	    {GRAPH_DELETE, "/$batch", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(graph_request_is_allowed(rows[i].method, rows[i].path, NULL), rows[i].allowed);
}

#define LINK "\"https://graph.microsoft.com/v1.0/directoryObjects/" FAKE_USER "\""
#define FIVE LINK "," LINK "," LINK "," LINK "," LINK

static void a_group_is_patched_with_members_and_nothing_else(void **state)
{
	(void)state;
	static const char *const good[] = {
	    "{\"members@odata.bind\":[" LINK "]}",
	    "{\"members@odata.bind\":[" LINK "," LINK "]}",
	    "{\"members@odata.bind\":[" FIVE "," FIVE "," FIVE "," FIVE "]}",
	};
	static const char *const bad[] = {
	    NULL,
	    "",
	    "{}",
	    "{\"members@odata.bind\":[]}",
	    "{\"members@odata.bind\":" LINK "}",
	    "{\"members@odata.bind\":[" LINK ",]}",
	    "{\"members@odata.bind\":[" LINK "],\"displayName\":\"x\"}",
	    "{\"displayName\":\"x\",\"members@odata.bind\":[" LINK "]}",
	    "{\"owners@odata.bind\":[" LINK "]}",
	    "{\"members@odata.bind\":[" LINK "]} ",
	    "{\"members@odata.bind\":[\"https://graph.microsoft.com/v1.0/directoryObjects/x\"]}",
	    "{\"members@odata.bind\":[\"https://graph.microsoft.com/v1.0/users/" FAKE_USER "\"]}",
	    "{\"members@odata.bind\":[\"https://graph.microsoft.com/x/v1.0/directoryObjects/" FAKE_USER "\"]}",
	    "{\"members@odata.bind\":[" FIVE "," FIVE "," FIVE "," FIVE "," LINK "]}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(graph_request_is_allowed(GRAPH_LINK, "/groups/" FAKE_GROUP, good[i]));
		assert_false(graph_request_is_allowed(GRAPH_LINK, "/groups/" FAKE_GROUP "/members/$ref", good[i]));
		assert_false(graph_request_is_allowed(GRAPH_LINK, "/groups(uniqueName='a')", good[i]));
		assert_false(graph_request_is_allowed(GRAPH_LINK, "/users/" FAKE_USER, good[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(graph_request_is_allowed(GRAPH_LINK, "/groups/" FAKE_GROUP, bad[i]));
}

/* The sources are reachable through the view of headers that the build makes beside the programs. */
static bool sources_find(char folder[PATH_MAX])
{
	char at[PATH_MAX - 64];
	ssize_t length = readlink("/proc/self/exe", at, sizeof(at) - 1);
	if (length <= 0)
		return false;
	at[length] = '\0';
	for (char *slash = strrchr(at, '/'); slash != NULL; slash = strrchr(at, '/')) {
		*slash = '\0';
		snprintf(folder, PATH_MAX, "%s/include/connector/connector", at);
		if (access(folder, R_OK) == 0)
			return true;
	}
	return false;
}

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char *bytes = calloc(1, 1 << 20);
	size_t length = fread(bytes, 1, (1 << 20) - 1, file);
	fclose(file);
	assert_true(length > 0);
	return bytes;
}

/* `allowed` names the files that may hold `word`. */
static size_t check_word(const char *folder, const char *word, const char *const *allowed, size_t allowed_count)
{
	size_t files = 0;
	DIR *directory = opendir(folder);
	assert_non_null(directory);
	for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
		if (!text_ends_with(entry->d_name, ".c"))
			continue;
		files++;
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		char *source = file_read(path);
		bool holds = strstr(source, word) != NULL;
		bool may = false;
		for (size_t i = 0; i < allowed_count; i++)
			may = may || strcmp(entry->d_name, allowed[i]) == 0;
		free(source);
		if (holds && !may)
			fail_msg("%s holds %s", entry->d_name, word);
	}
	closedir(directory);
	return files;
}

static void no_other_code_can_build_a_delete(void **state)
{
	(void)state;
	static const char *const request_file[] = {"graph_request.c"};
	static const char *const both_files[] = {"graph_request.c", "members.c"};
	char folder[PATH_MAX];
	char entra[PATH_MAX + 8];
	assert_true(sources_find(folder));
	snprintf(entra, sizeof(entra), "%s/entra", folder);
	assert_true(check_word(entra, "\"DELETE\"", request_file, 1) > 15);
	check_word(entra, "GRAPH_DELETE", both_files, 2);
	check_word(entra, "$ref", both_files, 2);
	check_word(folder, "DELETE", NULL, 0);
	char path[PATH_MAX + 32];
	snprintf(path, sizeof(path), "%s/members.c", entra);
	char *source = file_read(path);
	const char *first = strstr(source, "GRAPH_DELETE");
	assert_non_null(first);
	assert_null(strstr(first + 1, "GRAPH_DELETE"));
	free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_removal_never_names_the_user_alone),
	    cmocka_unit_test(an_id_that_is_none_gives_no_path),
	    cmocka_unit_test(only_membership_writes_leave_this_machine),
	    cmocka_unit_test(a_group_is_patched_with_members_and_nothing_else),
	    cmocka_unit_test(no_other_code_can_build_a_delete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
