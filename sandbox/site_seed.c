/* The Jira site as it stands at the start: the same people as in the tenant, with their accounts. */
#include <stdio.h>

#include "jira.h"

#define BOT "712020:00000000-0000-4000-8000-0000000000b0"
#define BEN "712020:00000000-0000-4000-8000-000000000002"
#define CLEO "712020:00000000-0000-4000-8000-000000000003"

static void account_seed(struct sandbox *sandbox, const char *id, const char *name, const char *email, const char *nick,
                         const char *type)
{
	char token[64];
	snprintf(token, sizeof(token), "sandbox-jira-%s", nick);
	json_object_set_new(sandbox->site.accounts, id,
	                    json_pack("{s:s,s:s,s:s,s:s?,s:s,s:b,s:b,s:b}", "accountId", id, "accountType", type,
	                              "displayName", name, "email", email, "token", token, "hidden", 0, "active", 1,
	                              "admin", 0));
}

static void flag(struct sandbox *sandbox, const char *id, const char *name)
{
	json_object_set_new(json_object_get(sandbox->site.accounts, id), name, json_true());
}

void site_seed(struct sandbox *sandbox)
{
	sandbox->site = (struct sandbox_site){.accounts = json_object(),
	                                      .issues = json_object(),
	                                      .keys = json_object(),
	                                      .oauth_tokens = json_object(),
	                                      .numbers = json_object(),
	                                      .next_issue = 10000,
	                                      .next_id = 20000};
	account_seed(sandbox, BOT, "AI Clearance (service account)", "aiclearance@contoso.example", "bot", "app");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000001", "Ada Requester", "ada@contoso.example", "ada",
	             "atlassian");
	account_seed(sandbox, BEN, "Ben Approver", "ben@contoso.example", "ben", "atlassian");
	account_seed(sandbox, CLEO, "Cleo Admin", "cleo@contoso.example", "cleo", "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000004", "Dan Auditor", "dan@contoso.example", "dan",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000005", "Fay O'Brien", "fay.o'brien@contoso.example",
	             "fay", "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000006", "Gus Guest", "gus@partner.example", "gus",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000007", "Hal Leaver", "hal@contoso.example", "hal",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000008", "Ida Twin", "twins@contoso.example", "ida",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-00000000000a", "Jo Alias", "jo@contoso.example", "jo",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-00000000000d", "Max Plus", "max+ai@contoso.example", "max",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-00000000000e", "Nia Crossed", "nia@contoso.example", "nia",
	             "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000010", "Quiet Person", "user001@contoso.example",
	             "quiet", "atlassian");
	account_seed(sandbox, "712020:00000000-0000-4000-8000-000000000011", "Nobody There", "nobody@contoso.example",
	             "nobody", "atlassian");
	account_seed(sandbox, "qm:00000000-0000-4000-8000-000000000012:portal", "Pia Portal", "user002@contoso.example",
	             "pia", "customer");
	for (int i = 1; i <= 220; i++) {
		char id[64];
		char name[64];
		char email[64];
		char nick[16];
		snprintf(id, sizeof(id), "712020:c0000000-0000-4000-8000-%012d", i);
		snprintf(name, sizeof(name), "Staff Member%03d", i);
		snprintf(email, sizeof(email), "user%03d@" SANDBOX_TENANT_DOMAIN, i);
		snprintf(nick, sizeof(nick), "user%03d", i);
		account_seed(sandbox, id, name, email, nick, "atlassian");
	}
	flag(sandbox, CLEO, "admin");
	flag(sandbox, BOT, "admin");
	flag(sandbox, "712020:00000000-0000-4000-8000-000000000010", "hidden");
	sandbox->site.settings =
	    json_pack("{s:i,s:i,s:i,s:i,s:i,s:b,s:[[ss],[s]],s:[ssss],s:{s:s,s:s,s:s,s:i}}", "stages", 1,
	              "requiredApprovals", 1, "approvalPageSize", 2, "changelogPageSize", 100, "searchPageSize", 100,
	              "userEmail", 0, "approvers", BEN, CLEO, CLEO, "tools", "Test Tool", "ChatGPT Enterprise",
	              "GitHub Copilot", "Claude Enterprise", "oauth", "clientId", "sandbox-service-account", "clientSecret",
	              "sandbox-oauth-value-not-a-secret", "accountId", BOT, "lifetimeSeconds", 3600);
}
