#include "domain/finding.h"

#include "base/text.h"
static const char *const kind_names[MEMBER_KIND_MAX] = {
    [MEMBER_USER] = "user",          [MEMBER_GROUP] = "group",
    [MEMBER_DEVICE] = "device",      [MEMBER_SERVICE_PRINCIPAL] = "servicePrincipal",
    [MEMBER_CONTACT] = "orgContact", [MEMBER_UNKNOWN] = "unknown",
};

static const char *const class_names[FINDING_CLASS_MAX] = {
    [FINDING_MISSING] = "approvedButMissing",
    [FINDING_PRESENT] = "presentWithoutApproval",
};

static const char *const class_codes[FINDING_CLASS_MAX] = {
    [FINDING_MISSING] = "membership_removed_outside",
    [FINDING_PRESENT] = "membership_not_approved",
};

static const char *const status_names[FINDING_STATUS_MAX] = {
    [FINDING_SUSPECTED] = "suspected",
    [FINDING_OPEN] = "open",
    [FINDING_SETTLING] = "settling",
    [FINDING_RESOLVED] = "resolved",
};

const char *member_kind_name(enum member_kind kind)
{
	return kind < MEMBER_KIND_MAX ? kind_names[kind] : "unknown";
}

enum member_kind member_kind_parse(const char *name)
{
	int at = text_find_name(kind_names, MEMBER_KIND_MAX, name);
	return at < 0 ? MEMBER_UNKNOWN : (enum member_kind)at;
}

bool member_kind_is_user(enum member_kind kind)
{
	return kind == MEMBER_USER || kind == MEMBER_UNKNOWN;
}

const char *finding_class_name(enum finding_class kind)
{
	return kind < FINDING_CLASS_MAX ? class_names[kind] : "";
}

enum result finding_class_parse(const char *name, enum finding_class *ret_class)
{
	int at = text_find_name(class_names, FINDING_CLASS_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_class = (enum finding_class)at;
	return RESULT_OK;
}

const char *finding_status_name(enum finding_status status)
{
	return status < FINDING_STATUS_MAX ? status_names[status] : "";
}

enum result finding_status_parse(const char *name, enum finding_status *ret_status)
{
	int at = text_find_name(status_names, FINDING_STATUS_MAX, name);
	if (at < 0)
		return RESULT_INVALID;
	*ret_status = (enum finding_status)at;
	return RESULT_OK;
}

const char *finding_class_code(enum finding_class kind)
{
	return kind < FINDING_CLASS_MAX ? class_codes[kind] : "";
}
