/* What Graph demands of a group that is written, as far as the group alone tells. Pure: no tenant, no caller. */
#ifndef AIC_SANDBOX_ENTRA_GROUP_CHECK_H
#define AIC_SANDBOX_ENTRA_GROUP_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Always a 400 Request_BadRequest. */
struct group_fault {
	const char *response; /* the name by which faults.responses replaces an answer that no source documents; or NULL */
	char message[256];
};

/* False, and *ret_fault filled, if `body` cannot be a new group. */
bool group_check_new(const json_t *body, struct group_fault *ret_fault);
/* The same for a change to a group that has `properties` now. */
bool group_check_change(const json_t *properties, const json_t *body, struct group_fault *ret_fault);

bool group_nickname_valid(const char *name);
/* In UTF-16 units, which is how Graph counts characters. `text` is UTF-8. */
size_t group_text_length(const char *text);
bool group_has_type(const json_t *properties, const char *type);

#endif
