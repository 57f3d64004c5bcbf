/* The table of codes.
 *
 * It is long, so its rows live in two fragments, included here into one array: what a directory can be like
 * (code_directory.inc) and what happens on our own side and Jira's (code_service.inc). The order is the contract's. */
#include "domain/code.h"

#include <string.h>

#include "base/macro.h"

static const struct code codes[] = {
#include "code_directory.inc"
#include "code_service.inc"
};

const struct code *code_find(const char *code)
{
	if (code == NULL)
		return NULL;
	for (size_t at = 0; at < ARRAY_SIZE(codes); at++) {
		if (strcmp(codes[at].code, code) == 0)
			return &codes[at];
	}
	return NULL;
}

const struct code *code_all(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(codes);
	return codes;
}
