/* Making groups, as the sandbox's Graph does it: whose they are, when they are seen, and that one name makes one group.
 */
#include "drive_entra.h"

#include "directory.h"

#define PLAIN "\"displayName\":\"Made\",\"mailEnabled\":false,\"mailNickname\":\"made\",\"securityEnabled\":true"
#define UNIFIED                                                                                                        \
	"\"displayName\":\"Made\",\"mailEnabled\":true,\"mailNickname\":\"made\",\"securityEnabled\":true,"                \
	"\"groupTypes\":[\"Unified\"]"
#define KEY "/v1.0/groups(uniqueName='made')"
#define OURSELVES "\"" SANDBOX_GRAPH "/v1.0/servicePrincipals/" SANDBOX_SERVICE_PRINCIPAL_ID "\""
#define OWNED PLAIN ",\"owners@odata.bind\":[" OURSELVES "]"
#define ADA "a0000000-0000-4000-8000-000000000001"
#define ADA_LINK "\"" SANDBOX_GRAPH "/v1.0/users/" ADA "\""

/* The app has exactly these, and a token that says so. */
static void permit(struct drive *drive, const char *first, const char *second)
{
	json_t *permissions = json_object_get(drive->sandbox.directory.application, "permissions");
	json_array_clear(permissions);
	json_array_append_new(permissions, json_string(first));
	if (second)
		json_array_append_new(permissions, json_string(second));
	sign_in(drive);
}

static int creator(void **state)
{
	start(state);
	permit(*state, "Group.Create", "GroupMember.Read.All");
	return 0;
}

static int post(struct drive *drive, const char *properties)
{
	char body[4096];
	snprintf(body, sizeof(body), "{%s}", properties);
	return drive_call(drive, "POST", "/v1.0/groups", body);
}

static int patch(struct drive *drive, const char *target, const char *properties)
{
	char body[4096];
	snprintf(body, sizeof(body), "{%s}", properties);
	return drive_call(drive, "PATCH", target, body);
}

static int upsert(struct drive *drive, const char *properties)
{
	drive_header(drive, "prefer", "create-if-missing");
	int status = patch(drive, KEY, properties);
	json_object_del(drive->headers, "prefer");
	return status;
}

static size_t made(const struct drive *drive)
{
	const char *id;
	json_t *group;
	size_t count = 0;
	json_object_foreach(drive->sandbox.directory.groups, id, group) count +=
	    text_equal(json_string_at(group, "properties.displayName"), "Made");
	return count;
}

static const char *path_of(struct drive *drive, const char *below)
{
	const char *path = arena_printf(drive->arena, "/v1.0/groups/%s%s", drive_string(drive, "id"), below);
	assert_non_null(drive_string(drive, "id"));
	return path;
}

static void an_app_that_is_no_owner_cannot_touch_what_it_made(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(post(drive, PLAIN), 201);
	const char *group = path_of(drive, "");
	const char *owners = path_of(drive, "/owners");
	const char *members = path_of(drive, "/members/$ref");
	assert_int_equal(drive_call(drive, "GET", owners, NULL), 200);
	assert_int_equal(json_array_size(json_object_get(drive->reply.json, "value")), 0);
	assert_int_equal(patch(drive, group, "\"description\":\"x\""), 403);
	assert_int_equal(drive_call(drive, "POST", members, "{\"@odata.id\":" ADA_LINK "}"), 403);
	assert_int_equal(drive_call(drive, "DELETE", group, NULL), 403);
}

static void an_app_that_made_itself_the_owner_can(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(post(drive, OWNED), 201);
	const char *group = path_of(drive, "");
	const char *owners = path_of(drive, "/owners");
	const char *members = path_of(drive, "/members/$ref");
	assert_int_equal(drive_call(drive, "GET", owners, NULL), 200);
	const json_t *owner = json_array_get(json_object_get(drive->reply.json, "value"), 0);
	assert_string_equal(json_string_at(owner, "id"), SANDBOX_SERVICE_PRINCIPAL_ID);
	assert_int_equal(patch(drive, group, "\"description\":\"x\""), 204);
	assert_int_equal(drive_call(drive, "POST", members, "{\"@odata.id\":" ADA_LINK "}"), 204);
	assert_int_equal(drive_call(drive, "DELETE", group, NULL), 204);
}

static void owners_that_cannot_be_are_refused_and_nothing_is_made(void **state)
{
	static const struct {
		const char *owners;
		int status;
		const char *message;
	} cases[] = {
	    {"[" OURSELVES "," OURSELVES "]", 400, "Request contains a property with duplicate values."},
	    {"[\"https://elsewhere.example/v1.0/users/" ADA "\"]", 400, "Invalid URL format specified in payload."},
	    {"[7]", 400, "Invalid URL format specified in payload."},
	    {"[\"" SANDBOX_GRAPH "/v1.0/users/ada\"]", 400, "Invalid object identifier 'ada'."},
	    {"[\"" SANDBOX_GRAPH "/v1.0/users/00000000-1111-4222-8333-444444444444\"]", 404,
	     "Resource '00000000-1111-4222-8333-444444444444' does not exist or one of its queried reference-property "
	     "objects are not present."},
	    {"null", 400, "Invalid value specified for property 'owners' of resource 'Group'."},
	};
	struct drive *drive = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *body = arena_printf(drive->arena, PLAIN ",\"owners@odata.bind\":%s", cases[i].owners);
		assert_int_equal(post(drive, body), cases[i].status);
		assert_string_equal(drive_string(drive, "error.message"), cases[i].message);
	}
	assert_int_equal(made(drive), 0);
}

static void naming_users_needs_the_permission_to_read_them(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(post(drive, PLAIN ",\"owners@odata.bind\":[" ADA_LINK "]"), 403);
	assert_int_equal(post(drive, PLAIN ",\"members@odata.bind\":[" ADA_LINK "]"), 403);
	assert_non_null(strstr(drive->reply.permission, "&User.Read.All"));
	assert_int_equal(made(drive), 0);
	permit(drive, "Group.Create", "User.Read.All");
	assert_int_equal(post(drive, PLAIN ",\"owners@odata.bind\":[" ADA_LINK "],\"members@odata.bind\":[" ADA_LINK "]"),
	                 201);
	permit(drive, "Group.ReadWrite.All", NULL);
	assert_int_equal(post(drive, PLAIN ",\"members@odata.bind\":[" ADA_LINK "]"), 201);
}

static void twenty_links_are_the_most_of_members_and_owners_together(void **state)
{
	struct drive *drive = *state;
	permit(drive, "Group.Create", "User.Read.All");
	for (int count = 20; count >= 19; count--) {
		char links[4096] = "";
		for (int i = 1; i <= count; i++)
			snprintf(links + strlen(links), sizeof(links) - strlen(links),
			         "%s\"" SANDBOX_GRAPH "/v1.0/directoryObjects/c0000000-0000-4000-8000-%012d\"", i > 1 ? "," : "",
			         i);
		const char *body = arena_printf(drive->arena, "{" OWNED ",\"members@odata.bind\":[%s]}", links);
		assert_int_equal(drive_call(drive, "POST", "/v1.0/groups", body), count == 20 ? 400 : 201);
	}
	assert_int_equal(made(drive), 1);
}

static void an_upsert_makes_one_group_however_often_it_is_sent(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(patch(drive, KEY, OWNED), 404);
	assert_int_equal(upsert(drive, "\"displayName\":\"Made\""), 400);
	assert_int_equal(upsert(drive, OWNED), 201);
	assert_string_equal(drive_string(drive, "uniqueName"), "made");
	const char *id = arena_strdup(drive->arena, drive_string(drive, "id"));
	assert_int_equal(upsert(drive, OWNED ",\"description\":\"again\""), 204);
	assert_int_equal(made(drive), 1);
	assert_int_equal(drive_call(drive, "GET", KEY, NULL), 200);
	assert_string_equal(drive_string(drive, "id"), id);
	assert_string_equal(drive_string(drive, "description"), "again");
	assert_int_equal(drive_call(drive, "GET", "/v1.0/groups/(uniqueName='made')", NULL), 200);
	assert_int_equal(patch(drive, KEY, "\"uniqueName\":\"other\""), 400);
	assert_int_equal(upsert(drive, OWNED ",\"uniqueName\":\"other\""), 400);
	assert_int_equal(post(drive, PLAIN ",\"uniqueName\":\"made\""), 400);
	assert_string_equal(json_string_at(json_array_get(json_at(drive->reply.json, "error.details"), 0), "target"),
	                    "uniqueName");
	assert_int_equal(made(drive), 1);
}

static void the_group_of_another_is_not_updated_by_an_upsert(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(upsert(drive, PLAIN), 201);
	assert_string_equal(drive->reply.permission, "Group.Create|Group.ReadWrite.All|Directory.ReadWrite.All");
	assert_int_equal(upsert(drive, PLAIN ",\"description\":\"x\""), 403);
	assert_string_equal(drive->reply.permission, "Group.ReadWrite.All|Directory.ReadWrite.All");
	permit(drive, "Group.ReadWrite.All", NULL);
	assert_int_equal(upsert(drive, PLAIN ",\"description\":\"x\""), 204);
}

static void an_upsert_that_a_tenant_has_not_or_does_not_allow_makes_nothing(void **state)
{
	struct drive *drive = *state;
	drive->sandbox.faults.upsert = UPSERT_READ_WRITE;
	assert_int_equal(upsert(drive, PLAIN), 403);
	drive->sandbox.faults.upsert = UPSERT_OFF;
	assert_int_equal(upsert(drive, PLAIN), 400);
	assert_int_equal(drive_call(drive, "GET", KEY, NULL), 400);
	json_object_set_new(drive->sandbox.faults.responses, "groupUpsertOff", json_pack("{s:i}", "status", 501));
	assert_int_equal(upsert(drive, PLAIN), 501);
	assert_int_equal(made(drive), 0);
	assert_int_equal(post(drive, PLAIN), 201);
	drive->sandbox.faults.upsert = UPSERT_READ_WRITE;
	permit(drive, "Group.ReadWrite.All", NULL);
	assert_int_equal(upsert(drive, PLAIN), 201);
}

static size_t listed(struct drive *drive)
{
	assert_int_equal(drive_call(drive, "GET", "/v1.0/groups?$filter=mailNickname%20eq%20'made'", NULL), 200);
	return json_array_size(json_object_get(drive->reply.json, "value"));
}

static void a_new_group_is_unseen_for_a_while_but_not_made_twice(void **state)
{
	struct drive *drive = *state;
	drive->sandbox.faults.new_group_ms = 60000;
	assert_int_equal(upsert(drive, OWNED), 201);
	const char *group = path_of(drive, "");
	const char *members = path_of(drive, "/members/$ref");
	assert_int_equal(drive_call(drive, "GET", group, NULL), 404);
	assert_int_equal(drive_call(drive, "GET", KEY, NULL), 404);
	assert_int_equal(listed(drive), 0);
	assert_int_equal(patch(drive, group, "\"description\":\"x\""), 404);
	assert_int_equal(patch(drive, group, "\"members@odata.bind\":[" ADA_LINK "]"), 400);
	assert_int_equal(drive_call(drive, "POST", members, "{\"@odata.id\":" ADA_LINK "}"), 400);
	assert_non_null(strstr(drive_string(drive, "error.message"), "The source resource object"));
	assert_int_equal(upsert(drive, OWNED), 204);
	assert_int_equal(made(drive), 1);
	drive->sandbox.faults.clock_offset_ms = 61000;
	assert_int_equal(drive_call(drive, "GET", group, NULL), 200);
	assert_int_equal(listed(drive), 1);
	assert_int_equal(drive_call(drive, "POST", members, "{\"@odata.id\":" ADA_LINK "}"), 204);
}

/* What is not new is seen, or a test of a late group would be one of a tenant that is down. */
static void only_new_groups_are_late(void **state)
{
	struct drive *drive = *state;
	drive->sandbox.faults.new_group_ms = 60000;
	assert_int_equal(drive_call(drive, "GET", "/v1.0/groups/90000000-0000-4000-8000-000000000001", NULL), 200);
	permit(drive, "GroupMember.ReadWrite.All", NULL);
	assert_int_equal(drive_call(drive, "POST", "/v1.0/groups/90000000-0000-4000-8000-000000000001/members/$ref",
	                            "{\"@odata.id\":" ADA_LINK "}"),
	                 204);
	assert_int_equal(drive_call(drive, "GET", "/v1.0/groups/90000000-0000-4000-8000-000000000001/members", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(drive->reply.json, "value")), 1);
}

static void a_nickname_is_shared_by_security_groups_alone(void **state)
{
	struct drive *drive = *state;
	assert_int_equal(post(drive, PLAIN), 201);
	assert_int_equal(post(drive, PLAIN), 201);
	assert_int_equal(made(drive), 2);
	assert_int_equal(post(drive, UNIFIED), 201);
	assert_int_equal(post(drive, UNIFIED), 400);
	assert_string_equal(json_string_at(json_array_get(json_at(drive->reply.json, "error.details"), 0), "target"),
	                    "mailNickname");
	json_object_set_new(drive->sandbox.faults.responses, "sharedMailNickname", json_pack("{s:i}", "status", 409));
	assert_int_equal(post(drive, PLAIN), 409);
	assert_int_equal(made(drive), 3);
}

static void an_owner_is_added_once_and_never_the_hundred_and_first(void **state)
{
	struct drive *drive = *state;
	permit(drive, "Group.ReadWrite.All", "GroupMember.Read.All");
	assert_int_equal(post(drive, PLAIN ",\"uniqueName\":\"made\""), 201);
	const char *group = path_of(drive, "");
	json_t *owners = json_object_get(directory_group(&drive->sandbox, drive_string(drive, "id"), false), "owners");
	assert_int_equal(patch(drive, group, "\"owners@odata.bind\":[" ADA_LINK "]"), 204);
	assert_non_null(json_object_get(owners, ADA));
	assert_int_equal(patch(drive, group, "\"owners@odata.bind\":[" ADA_LINK "]"), 400);
	assert_int_equal(upsert(drive, "\"owners@odata.bind\":[" ADA_LINK "]"), 204);
	json_object_set_new(drive->sandbox.faults.responses, "upsertOwnerExists", json_object());
	assert_int_equal(upsert(drive, "\"owners@odata.bind\":[" ADA_LINK "]"), 400);
	for (int i = 0; json_object_size(owners) < 100; i++)
		json_object_set_new(owners, arena_printf(drive->arena, "owner %d", i), json_true());
	assert_int_equal(patch(drive, group, "\"owners@odata.bind\":[" OURSELVES "]"), 403);
	assert_string_equal(drive_string(drive, "error.code"), "Directory_QuotaExceeded");
	assert_int_equal(json_object_size(owners), 100);
}

static void a_switch_that_is_none_is_refused(void **state)
{
	struct drive *drive = *state;
	const char *reason = NULL;
	_cleanup_(json_decrefp) json_t *wrong = json_pack("{s:s,s:i}", "groupUpsert", "perhaps", "newGroupDelayMs", 5);
	_cleanup_(json_decrefp) json_t *right = json_pack("{s:s,s:i}", "groupUpsert", "off", "newGroupDelayMs", 5);
	assert_false(faults_configure(&drive->sandbox, wrong, &reason));
	assert_int_equal(drive->sandbox.faults.new_group_ms, 0);
	assert_true(faults_configure(&drive->sandbox, right, &reason));
	_cleanup_(json_decrefp) json_t *shown = faults_describe(&drive->sandbox);
	assert_string_equal(json_string_at(shown, "groupUpsert"), "off");
	assert_int_equal(json_integer_at(shown, "newGroupDelayMs", 0), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_app_that_is_no_owner_cannot_touch_what_it_made, creator, stop),
	    cmocka_unit_test_setup_teardown(an_app_that_made_itself_the_owner_can, creator, stop),
	    cmocka_unit_test_setup_teardown(owners_that_cannot_be_are_refused_and_nothing_is_made, creator, stop),
	    cmocka_unit_test_setup_teardown(naming_users_needs_the_permission_to_read_them, creator, stop),
	    cmocka_unit_test_setup_teardown(twenty_links_are_the_most_of_members_and_owners_together, creator, stop),
	    cmocka_unit_test_setup_teardown(an_upsert_makes_one_group_however_often_it_is_sent, creator, stop),
	    cmocka_unit_test_setup_teardown(the_group_of_another_is_not_updated_by_an_upsert, creator, stop),
	    cmocka_unit_test_setup_teardown(an_upsert_that_a_tenant_has_not_or_does_not_allow_makes_nothing, creator, stop),
	    cmocka_unit_test_setup_teardown(a_new_group_is_unseen_for_a_while_but_not_made_twice, creator, stop),
	    cmocka_unit_test_setup_teardown(only_new_groups_are_late, creator, stop),
	    cmocka_unit_test_setup_teardown(a_nickname_is_shared_by_security_groups_alone, creator, stop),
	    cmocka_unit_test_setup_teardown(an_owner_is_added_once_and_never_the_hundred_and_first, creator, stop),
	    cmocka_unit_test_setup_teardown(a_switch_that_is_none_is_refused, creator, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
