#include "connector/entra/permissions.h"

#include "base/text.h"

#define SUPERSETS_MAX 6

/* A permission, and those that hold it in themselves: each of them satisfies, and is more than was needed. */
static const struct permission {
	const char *name;
	const char *supersets[SUPERSETS_MAX];
} known[] = {
    {"User.Read.All", {"User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}},
    {"GroupMember.ReadWrite.All", {"Group.ReadWrite.All", "Directory.ReadWrite.All"}},
    {"GroupMember.Read.All",
     {"GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All",
      "Directory.ReadWrite.All"}},
    {"Group.Create", {"Group.ReadWrite.All", "Directory.ReadWrite.All"}},
};

/* Useful without being needed: never missing, never too much. */
static const char *const optional[] = {
    "Application.Read.All", "Application.ReadWrite.OwnedBy", "AuditLog.Read.All", "Organization.Read.All",
    "Member.Read.Hidden",
};

static const char *const application_readers[] = {
    "Application.Read.All", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All",
    "Directory.Read.All",   "Directory.ReadWrite.All",
};

static const char *const assignment_readers[] = {
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
};

static const struct permission *permission_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (text_equal(known[i].name, name))
			return &known[i];
	return NULL;
}

static bool satisfied(const struct entra_claims *claims, const char *name)
{
	if (entra_claims_has_role(claims, name))
		return true;
	const struct permission *permission = permission_find(name);
	for (size_t i = 0; permission != NULL && i < SUPERSETS_MAX && permission->supersets[i] != NULL; i++)
		if (entra_claims_has_role(claims, permission->supersets[i]))
			return true;
	return false;
}

static bool list_has(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(list[i], name))
			return true;
	return false;
}

static const char *code_of(const struct entra_claims *claims, const struct permission_verdict *verdict)
{
	if (claims->role_count == 0)
		return "consent_missing";
	if (verdict->missing_count > 0)
		return "permission_missing";
	return verdict->excess_count > 0 ? "permission_excessive" : "permissions_ok";
}

enum result permissions_judge(const struct entra_claims *claims, bool owned, bool create, struct arena *arena,
                              struct permission_verdict *ret_verdict)
{
	const char *needed[PERMISSIONS_NEEDED_MAX] = {"User.Read.All",
	                                              owned ? "GroupMember.Read.All" : "GroupMember.ReadWrite.All"};
	size_t needed_count = 2;
	if (create)
		needed[needed_count++] = "Group.Create";
	struct permission_verdict verdict = {0};
	verdict.excess = arena_array(arena, claims->role_count + 1, sizeof(*verdict.excess));
	if (verdict.excess == NULL)
		return RESULT_NO_MEMORY;
	for (size_t i = 0; i < needed_count; i++)
		if (!satisfied(claims, needed[i]))
			verdict.missing[verdict.missing_count++] = needed[i];
	for (size_t i = 0; i < claims->role_count; i++) {
		const char *role = claims->roles[i];
		if (!list_has(needed, needed_count, role) && !list_has(optional, ARRAY_SIZE(optional), role))
			verdict.excess[verdict.excess_count++] = role;
	}
	verdict.code = code_of(claims, &verdict);
	*ret_verdict = verdict;
	return RESULT_OK;
}

bool permissions_allow_membership_writes(const struct entra_claims *claims)
{
	return satisfied(claims, "GroupMember.ReadWrite.All");
}

bool permissions_allow_group_creation(const struct entra_claims *claims)
{
	return satisfied(claims, "Group.Create");
}

static bool has_one_of(const struct entra_claims *claims, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (entra_claims_has_role(claims, names[i]))
			return true;
	return false;
}

bool permissions_allow_reading_application(const struct entra_claims *claims)
{
	return has_one_of(claims, application_readers, ARRAY_SIZE(application_readers));
}

bool permissions_allow_reading_assignments(const struct entra_claims *claims)
{
	return has_one_of(claims, assignment_readers, ARRAY_SIZE(assignment_readers));
}
