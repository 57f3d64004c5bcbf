#include "fake_entra.h"

#include "connector/entra/permissions.h"

static struct permission_verdict judge(struct arena *arena, bool owned, bool create, const char *roles)
{
	struct entra_claims claims = {0};
	char *copy = arena_strdup(arena, roles);
	claims.roles = arena_array(arena, 16, sizeof(*claims.roles));
	for (char *role = strtok(copy, " "); role != NULL; role = strtok(NULL, " "))
		claims.roles[claims.role_count++] = role;
	struct permission_verdict verdict;
	assert_int_equal(permissions_judge(&claims, owned, create, arena, &verdict), RESULT_OK);
	return verdict;
}

static const char *joined(struct arena *arena, const char *const *names, size_t count)
{
	char *text = arena_strdup(arena, "");
	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s%s", text, i > 0 ? " " : "", names[i]);
	return text;
}

static void what_to_grant_and_what_to_drop_is_named_exactly(void **state)
{
	(void)state;
	static const struct {
		bool owned;
		bool create;
		const char *roles;
		const char *code;
		const char *missing;
		const char *excess;
	} rows[] = {
	    {false, false, "", "consent_missing", "User.Read.All GroupMember.ReadWrite.All", ""},
	    {false, false, "User.Read.All GroupMember.ReadWrite.All", "permissions_ok", "", ""},
	    {false, false, "User.Read.All", "permission_missing", "GroupMember.ReadWrite.All", ""},
	    {false, false, "GroupMember.ReadWrite.All User.ReadBasic.All", "permission_missing", "User.Read.All",
	     "User.ReadBasic.All"},
	    {false, false, "User.Read.All GroupMember.Read.All", "permission_missing", "GroupMember.ReadWrite.All",
	     "GroupMember.Read.All"},
	    {false, true, "User.Read.All GroupMember.ReadWrite.All", "permission_missing", "Group.Create", ""},
	    {false, true, "User.Read.All GroupMember.ReadWrite.All Group.Create", "permissions_ok", "", ""},
	    {false, false, "User.Read.All GroupMember.ReadWrite.All Group.Create", "permission_excessive", "",
	     "Group.Create"},
	    {false, true, "User.Read.All Group.ReadWrite.All", "permission_excessive", "", "Group.ReadWrite.All"},
	    {false, false, "Directory.ReadWrite.All", "permission_excessive", "", "Directory.ReadWrite.All"},
	    {false, false, "Directory.Read.All", "permission_missing", "GroupMember.ReadWrite.All", "Directory.Read.All"},
	    {false, false, "User.Read.All GroupMember.ReadWrite.All Mail.Read", "permission_excessive", "", "Mail.Read"},
	    {true, false, "User.Read.All GroupMember.Read.All", "permissions_ok", "", ""},
	    {true, false, "User.Read.All GroupMember.ReadWrite.All", "permission_excessive", "",
	     "GroupMember.ReadWrite.All"},
	    {true, false, "User.Read.All", "permission_missing", "GroupMember.Read.All", ""},
	    {true, true, "User.Read.All GroupMember.Read.All", "permission_missing", "Group.Create", ""},
	    {false, false,
	     "User.Read.All GroupMember.ReadWrite.All Application.Read.All Application.ReadWrite.OwnedBy AuditLog.Read.All "
	     "Organization.Read.All Member.Read.Hidden",
	     "permissions_ok", "", ""},
	    {false, false, "Application.Read.All", "permission_missing", "User.Read.All GroupMember.ReadWrite.All", ""},
	};
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct permission_verdict verdict = judge(arena, rows[i].owned, rows[i].create, rows[i].roles);
		assert_string_equal(verdict.code, rows[i].code);
		assert_string_equal(joined(arena, verdict.missing, verdict.missing_count), rows[i].missing);
		assert_string_equal(joined(arena, verdict.excess, verdict.excess_count), rows[i].excess);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_to_grant_and_what_to_drop_is_named_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
