/* A request: somebody asks that one person may use one tool for a time. */
#ifndef AIC_DOMAIN_ACCESS_REQUEST_H
#define AIC_DOMAIN_ACCESS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

enum request_status {
	REQUEST_PENDING,
	REQUEST_APPROVED,
	REQUEST_DENIED,
	REQUEST_CANCELLED,
	REQUEST_REFUSED,
	REQUEST_STATUS_MAX
};
/* What is asked for: access; that access which somebody has goes on for longer; or, by the service itself and before
 * the end, whether it should. */
enum request_kind { REQUEST_ACCESS, REQUEST_EXTENSION, REQUEST_REVIEW, REQUEST_KIND_MAX };
enum request_event {
	REQUEST_EVENT_APPROVE,
	REQUEST_EVENT_DENY,
	REQUEST_EVENT_CANCEL,
	REQUEST_EVENT_REFUSE,
	REQUEST_EVENT_MAX
};

const char *request_status_name(enum request_status status);
enum result request_status_parse(const char *name, enum request_status *ret_status) MUST_CHECK;
const char *request_kind_name(enum request_kind kind); /* "access" "extension" "review" */
enum result request_kind_parse(const char *name, enum request_kind *ret_kind) MUST_CHECK;

/* The table of the contract. RESULT_CONFLICT if the event is not allowed from that state. *ret_unchanged is true (with
 * RESULT_OK) when the request already is where the event leads. */
enum result request_next(enum request_status from, enum request_event event, enum request_status *ret_to,
                         bool *ret_unchanged) MUST_CHECK;

struct access_request {
	const char *request_id;
	enum request_kind kind;
	const char *site;       /* Jira site that the issue lives on; NULL for a request filed here */
	const char *issue_id;   /* NULL likewise */
	const char *issue_key;  /* a label that may change */
	const char *tool_id;    /* NULL if no tool answers to tool_text */
	const char *tool_text;  /* as written in Jira */
	const char *account_id; /* the beneficiary */
	const char *filed_by;   /* who filed: reporter's account id, or the principal's account id (NULL if it had none) */
	const char *filed_by_principal; /* principal id; NULL if filed in Jira */
	const char *purpose;
	int duration_days;
	const char *approval; /* "jsm" | "status" | "console" */
	enum request_status status;
	const char *code;
	const char *reason;
	const char *decided_by; /* account id(s) or principal id */
	int64_t decided_at;
	const char *decision; /* snapshot as JSON text: what decided, approval ids, asked when; NULL until decided */
	int64_t asked_at;     /* when Jira was last asked about it */
	const char *grant_id; /* made of it; NULL: none */
	const char *extends_grant_id; /* whose end an extension or a review is about; NULL: none */
	int64_t created_at;
	int64_t updated_at;
	int64_t version;
};

#endif
