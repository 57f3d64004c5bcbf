/* Has Jira decided? The pure part of CONTRACT section 4, rules 2 and 3: the round of approvals, who counts, what
 * changed since. Knows values only; asking Jira is jira/'s work. */
#ifndef AIC_DOMAIN_DECISION_H
#define AIC_DOMAIN_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "domain/intake_settings.h"

enum approval_state { APPROVAL_PENDING, APPROVAL_APPROVED, APPROVAL_DECLINED };

struct approver {
	const char *account_id;
	enum approval_state decision;
};

/* One ApprovalDTO of JSM (facts/jira.md section 4). */
struct approval {
	const char *approval_id;
	enum approval_state final_decision;
	struct approver *approvers;
	size_t approver_count;
	int64_t created_at;   /* createdDate.epochMillis */
	int64_t completed_at; /* 0: none */
};

/* One item of the issue's change history. */
struct issue_change {
	const char *history_id;
	const char *author_account_id; /* NULL: not told */
	int64_t at;
	const char *field_id; /* "status", "reporter", "customfield_10050"; NULL if Jira named none */
	const char *field;    /* display name; never NULL */
	bool custom;          /* fieldtype is "custom" */
	const char *from;     /* ids where the field has them; NULL: none */
	const char *to;
	const char *from_text;
	const char *to_text;
};

/* The issue as Jira shows it now. */
struct issue {
	const char *issue_id;
	const char *key;
	const char *project_key;
	const char *request_type_id; /* NULL: not a service request, or not asked */
	const char *status_id;
	const char *status_name;
	const char *reporter;      /* account id; NULL: none */
	const char *beneficiary;   /* account id; NULL: none */
	const char *tool_text;     /* NULL: empty field */
	const char *purpose;       /* "" if none */
	const char *duration_text; /* NULL: empty field */
	bool is_extension;         /* as the settings say: asks that access which is there goes on */
	int64_t created_at;
	int64_t updated_at;
};

struct decision_input {
	const struct intake_settings *settings;
	const struct issue *issue;
	const struct approval *approvals; /* all pages; mode jsm */
	size_t approval_count;
	const struct issue_change *changes; /* all pages, oldest first */
	size_t change_count;
	const char *const *consumed; /* approval ids (jsm) or history ids (status) that ended an earlier request of this
	                                issue; NULL-terminated */
	/* What was taken down at first sight of this round; taken_at 0: nothing was. */
	int64_t taken_at;
	const char *taken_tool_text;
	const char *taken_duration_text;
	const char *taken_beneficiary;
};

enum decision_outcome {
	DECISION_NO_ROUND, /* nothing to decide yet: no approvals in the round, no transition */
	DECISION_PENDING,
	DECISION_APPROVED,
	DECISION_DENIED,
	DECISION_REFUSED, /* code says why: approval_not_verified, self_approval */
};

struct decision {
	enum decision_outcome outcome;
	const char *code;            /* NULL unless refused */
	const char *reason;          /* one sentence */
	const char *const *consumed; /* ids that this decision uses up (all of the round); NULL-terminated */
	const char *decided_by;      /* account ids of those who approved or declined, comma-separated; NULL */
	int64_t decided_at;
	int64_t round_started_at; /* creation of the round's first approval, or the transition; 0: none */
};

enum result decision_evaluate(const struct decision_input *input, struct arena *arena, struct decision *ret_decision)
    MUST_CHECK;

/* The leading integer of a duration field ("90", "90 days"); 0 if there is none or it is not in [1, 3650]. */
int decision_duration_days(const char *duration_text);

#endif
