/* The tenant as it stands at the start: people that a demo can name, people that are hard to match, and groups of every
 * kind that can and cannot be managed. Object ids are fixed, so that documents and tests can name them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "directory.h"

struct seed_user {
	const char *id;
	const char *upn;
	const char *name;
	const char *mail;
	const char *alias; /* a secondary address */
	const char *other; /* otherMails */
	bool guest;
	bool disabled;
};

static const struct seed_user people[] = {
    {"a0000000-0000-4000-8000-000000000001", "ada@contoso.example", "Ada Requester", "ada@contoso.example", NULL, NULL,
     0, 0},
    {"a0000000-0000-4000-8000-000000000002", "ben@contoso.example", "Ben Approver", "ben@contoso.example", NULL, NULL,
     0, 0},
    {"a0000000-0000-4000-8000-000000000003", "cleo@contoso.example", "Cleo Admin", "cleo@contoso.example", NULL, NULL,
     0, 0},
    {"a0000000-0000-4000-8000-000000000004", "dan@contoso.example", "Dan Auditor", "dan@contoso.example", NULL, NULL, 0,
     0},
    {"a0000000-0000-4000-8000-000000000005", "fay.o'brien@contoso.example", "Fay O'Brien",
     "fay.o'brien@contoso.example", NULL, NULL, 0, 0},
    {"a0000000-0000-4000-8000-000000000006", "gus_partner.example#EXT#@contoso.example", "Gus Guest",
     "gus@partner.example", NULL, "gus@partner.example", 1, 0},
    {"a0000000-0000-4000-8000-000000000007", "hal@contoso.example", "Hal Leaver", "hal@contoso.example", NULL, NULL, 0,
     1},
    {"a0000000-0000-4000-8000-000000000008", "ida@contoso.example", "Ida Twin", "twins@contoso.example", NULL, NULL, 0,
     0},
    {"a0000000-0000-4000-8000-000000000009", "ira@contoso.example", "Ira Twin", "twins@contoso.example", NULL, NULL, 0,
     0},
    {"a0000000-0000-4000-8000-00000000000a", "jo.long@contoso.example", "Jo Longname", "jo.long@contoso.example",
     "jo@contoso.example", NULL, 0, 0},
    {"a0000000-0000-4000-8000-00000000000b", "kim@contoso.example", "Kim Elsewhere", "kim@contoso.example", NULL,
     "kim@home.example", 0, 0},
    {"a0000000-0000-4000-8000-00000000000c", "$lee@contoso.example", "Lee Dollar", "lee@contoso.example", NULL, NULL, 0,
     0},
    {"a0000000-0000-4000-8000-00000000000d", "max+ai@contoso.example", "Max Plus", "max+ai@contoso.example", NULL, NULL,
     0, 0},
    {"a0000000-0000-4000-8000-00000000000e", "nia@contoso.example", "Nia Crossed", "nia.n@contoso.example", NULL, NULL,
     0, 0},
    {"a0000000-0000-4000-8000-00000000000f", "nia2@contoso.example", "Nia Second", "nia@contoso.example", NULL, NULL, 0,
     0},
};

static void user_seed(struct sandbox *sandbox, const struct seed_user *seed)
{
	char primary[320];
	char alias[320];
	snprintf(primary, sizeof(primary), "SMTP:%s", seed->mail);
	snprintf(alias, sizeof(alias), "smtp:%s", seed->alias ? seed->alias : "");
	const char *space = strrchr(seed->name, ' ');
	json_t *user = json_pack(
	    "{s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:[s],s:[],s:[]}", "id", seed->id, "userPrincipalName", seed->upn, "displayName",
	    seed->name, "mail", seed->mail, "surname", space ? space + 1 : seed->name, "accountEnabled", !seed->disabled,
	    "userType", seed->guest ? "Guest" : "Member", "proxyAddresses", primary, "otherMails", "businessPhones");
	json_object_set_new(user, "givenName",
	                    json_stringn(seed->name, space ? (size_t)(space - seed->name) : strlen(seed->name)));
	json_object_set_new(user, "createdDateTime", json_string("2024-03-04T08:00:00Z"));
	if (seed->alias)
		json_array_append_new(json_object_get(user, "proxyAddresses"), json_string(alias));
	if (seed->other)
		json_array_append_new(json_object_get(user, "otherMails"), json_string(seed->other));
	json_t *record = directory_put_user(sandbox, user);
	json_object_set_new(record, "createdAt", json_integer(0));
	json_decref(user);
}

static void crowd_seed(struct sandbox *sandbox)
{
	for (int i = 1; i <= 220; i++) {
		char id[40];
		char upn[64];
		char name[64];
		snprintf(id, sizeof(id), "c0000000-0000-4000-8000-%012d", i);
		snprintf(upn, sizeof(upn), "user%03d@" SANDBOX_TENANT_DOMAIN, i);
		snprintf(name, sizeof(name), "Staff Member%03d", i);
		user_seed(sandbox, &(struct seed_user){.id = id, .upn = upn, .name = name, .mail = upn});
	}
}

static json_t *group_seed(struct sandbox *sandbox, const char *last, const char *name, const char *nickname,
                          const json_t *flags)
{
	char id[40];
	snprintf(id, sizeof(id), "90000000-0000-4000-8000-0000000000%s", last);
	json_t *group =
	    json_pack("{s:s,s:s,s:s,s:b,s:b,s:[],s:n,s:n,s:n,s:n,s:[],s:[],s:s}", "id", id, "displayName", name,
	              "mailNickname", nickname, "mailEnabled", 0, "securityEnabled", 1, "groupTypes", "description",
	              "onPremisesSyncEnabled", "isAssignableToRole", "membershipRule", "proxyAddresses",
	              "resourceProvisioningOptions", "createdDateTime", "2024-03-04T08:00:00Z");
	json_object_update(group, (json_t *)(uintptr_t)flags);
	json_t *record = directory_put_group(sandbox, group);
	json_object_set_new(record, "createdAt", json_integer(0));
	json_decref(group);
	return record;
}

static void groups_seed(struct sandbox *sandbox)
{
	static const struct {
		const char *last, *name, *nickname, *flags;
	} groups[] = {
	    {"01", "AI Clearance - Test Tool - Users", "aic-test-tool", "{}"},
	    {"02", "AI Clearance - ChatGPT Enterprise - Users", "aic-chatgpt", "{}"},
	    {"03", "AI Clearance - GitHub Copilot - Users", "aic-copilot", "{}"},
	    {"04", "AI Clearance - Claude Enterprise - Users", "aic-claude", "{}"},
	    {"05", "Marketing", "marketing",
	     "{\"groupTypes\":[\"Unified\"],\"mailEnabled\":true,\"securityEnabled\":false,\"mail\":\"marketing@contoso."
	     "example\"}"},
	    {"06", "All staff (dynamic)", "all-staff",
	     "{\"groupTypes\":[\"DynamicMembership\"],\"membershipRule\":\"user.accountEnabled -eq true\","
	     "\"membershipRuleProcessingState\":\"On\"}"},
	    {"07", "Domain Engineers (synced)", "domain-engineers", "{\"onPremisesSyncEnabled\":true}"},
	    {"08", "Helpdesk list (mail-enabled)", "helpdesk",
	     "{\"mailEnabled\":true,\"mail\":\"helpdesk@contoso.example\"}"},
	    {"09", "Privileged operators (role-assignable)", "priv-ops", "{\"isAssignableToRole\":true}"},
	    {"10", "Board (restricted)", "board", "{\"isManagementRestricted\":true}"},
	    {"11", "Works council (hidden membership)", "works-council", "{\"visibility\":\"HiddenMembership\"}"},
	    {"12", "Announcements (distribution)", "announce",
	     "{\"mailEnabled\":true,\"securityEnabled\":false,\"mail\":\"announce@contoso.example\"}"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		json_t *flags = json_loads(groups[i].flags, 0, NULL);
		json_t *group = group_seed(sandbox, groups[i].last, groups[i].name, groups[i].nickname, flags);
		json_decref(flags);
		/* The synced and the dynamic one have people in them; the tools' groups begin empty. */
		if (i == 5 || i == 6)
			for (size_t p = 0; p < 4; p++)
				membership_add(sandbox, group, people[p].id);
	}
}

void directory_seed(struct sandbox *sandbox)
{
	char start[CLOCK_TEXT_SIZE];
	char end[CLOCK_TEXT_SIZE];
	int64_t now = sandbox_now_ms(sandbox);
	clock_format(now - 86400000LL, start);
	clock_format(now + 180 * 86400000LL, end);
	sandbox->directory = (struct sandbox_directory){.users = json_object(),
	                                                .upns = json_object(),
	                                                .groups = json_object(),
	                                                .deleted = json_object(),
	                                                .purged = json_object()};
	sandbox->directory.application =
	    json_pack("{s:s,s:s,s:s,s:b,s:[sss],s:[{s:s,s:s,s:s,s:s,s:s,s:s}]}", "displayName", "AI Clearance", "clientId",
	              SANDBOX_CLIENT_ID, "servicePrincipal", "enabled", "ownsItself", 0, "permissions", "User.Read.All",
	              "GroupMember.ReadWrite.All", "Application.Read.All", "secrets", "keyId",
	              "11111111-2222-4333-8444-555555555555", "displayName", "connector", "hint", "sBx", "value",
	              SANDBOX_CLIENT_SECRET, "startDateTime", start, "endDateTime", end);
	for (size_t i = 0; i < ARRAY_SIZE(people); i++)
		user_seed(sandbox, &people[i]);
	crowd_seed(sandbox);
	groups_seed(sandbox);
}
