#include "domain/access_request.h"

#include "base/text.h"
static const char *const status_names[REQUEST_STATUS_MAX] = {
    [REQUEST_PENDING] = "pending",     [REQUEST_APPROVED] = "approved", [REQUEST_DENIED] = "denied",
    [REQUEST_CANCELLED] = "cancelled", [REQUEST_REFUSED] = "refused",
};

static const char *const kind_names[REQUEST_KIND_MAX] = {
    [REQUEST_ACCESS] = "access",
    [REQUEST_EXTENSION] = "extension",
    [REQUEST_REVIEW] = "review",
};

static const enum request_status leads_to[REQUEST_EVENT_MAX] = {
    [REQUEST_EVENT_APPROVE] = REQUEST_APPROVED,
    [REQUEST_EVENT_DENY] = REQUEST_DENIED,
    [REQUEST_EVENT_CANCEL] = REQUEST_CANCELLED,
    [REQUEST_EVENT_REFUSE] = REQUEST_REFUSED,
};

const char *request_status_name(enum request_status status)
{
	return status < REQUEST_STATUS_MAX ? status_names[status] : "";
}

enum result request_status_parse(const char *name, enum request_status *ret_status)
{
	int at = text_find_name(status_names, REQUEST_STATUS_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_status = (enum request_status)at;
	return RESULT_OK;
}

const char *request_kind_name(enum request_kind kind)
{
	return kind < REQUEST_KIND_MAX ? kind_names[kind] : "";
}

enum result request_kind_parse(const char *name, enum request_kind *ret_kind)
{
	int at = text_find_name(kind_names, REQUEST_KIND_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_kind = (enum request_kind)at;
	return RESULT_OK;
}

enum result request_next(enum request_status from, enum request_event event, enum request_status *ret_to,
                         bool *ret_unchanged)
{
	if (from >= REQUEST_STATUS_MAX || event >= REQUEST_EVENT_MAX)
		return RESULT_INVALID;
	enum request_status to = leads_to[event];
	if (from != REQUEST_PENDING && from != to)
		return RESULT_CONFLICT;
	*ret_to = to;
	*ret_unchanged = from == to;
	return RESULT_OK;
}
