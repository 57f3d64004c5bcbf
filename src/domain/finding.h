/* A finding: where what is in a group of the directory is not what was approved. */
#ifndef AIC_DOMAIN_FINDING_H
#define AIC_DOMAIN_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"

/* What a member of a group is. UNKNOWN: the directory did not say. */
enum member_kind {
	MEMBER_USER,
	MEMBER_GROUP,
	MEMBER_DEVICE,
	MEMBER_SERVICE_PRINCIPAL,
	MEMBER_CONTACT,
	MEMBER_UNKNOWN,
	MEMBER_KIND_MAX
};

enum finding_class {
	FINDING_MISSING, /* approved, and not in the group */
	FINDING_PRESENT, /* in the group, and not approved */
	FINDING_CLASS_MAX
};

/* A suspected one waits for a second look and is shown to nobody. */
enum finding_status { FINDING_SUSPECTED, FINDING_OPEN, FINDING_SETTLING, FINDING_RESOLVED, FINDING_STATUS_MAX };

/* What an admin says shall be done. */
enum finding_action { FINDING_PUT_BACK, FINDING_TAKE_OUT, FINDING_ADOPT };

const char *member_kind_name(enum member_kind kind);  /* "user" "group" "device" "servicePrincipal" "orgContact" … */
enum member_kind member_kind_parse(const char *name); /* MEMBER_UNKNOWN for what has no name here */
/* A person may have access; what else is in a group is Entra's admin's to judge. One whose kind was not told counts as
 * a user: the directory always says what is none. */
bool member_kind_is_user(enum member_kind kind);
const char *finding_class_name(enum finding_class kind); /* "approvedButMissing" "presentWithoutApproval" */
enum result finding_class_parse(const char *name, enum finding_class *ret_class) MUST_CHECK;
const char *finding_status_name(enum finding_status status); /* "suspected" "open" "settling" "resolved" */
enum result finding_status_parse(const char *name, enum finding_status *ret_status) MUST_CHECK;
const char *finding_class_code(enum finding_class kind); /* membership_removed_outside, membership_not_approved */

/* Somebody who is in a group, or is in it no more. */
struct member_change {
	const char *id; /* object id, in small letters */
	enum member_kind kind;
	bool removed;
};

struct finding {
	const char *finding_id;
	enum finding_class class;
	enum finding_status status;
	const char *connector_id;
	const char *tenant_id; /* NULL: the connector is gone */
	const char *group_id;
	const char *tool_id; /* NULL: several tools share the group */
	const char *member_id;
	enum member_kind member_kind;
	const char *grant_id;   /* that the member lacks, or that came of adopting; NULL */
	const char *account_id; /* of that grant; NULL */
	bool preexisting;       /* was in the group when it was first read, or before our first write */
	const char *code;       /* the class's, or why the last settling of it failed */
	const char *detail;     /* of that failure; NULL */
	int64_t found_at;
	int64_t resolved_at;    /* 0: not yet */
	const char *resolution; /* "putBack" "takenOut" "adopted" "returned" "left" "approved" "ended" "unbound"; NULL */
	const char *settled_by_kind, *settled_by_id; /* who decided; NULL: nobody had to */
	const char *reason;                          /* as that person wrote it; NULL */
	const char *job_id;                          /* that takes them out; NULL */
	int64_t version;
};

#endif
