/* Private to config/: the table of sections and keys, from which reading, overrides and check-config come. */
#ifndef AIC_CONFIG_CONFIG_TABLE_H
#define AIC_CONFIG_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "config/config.h"

enum config_kind {
	CONFIG_TEXT,    /* const char * */
	CONFIG_URL,     /* const char *, without its last slash */
	CONFIG_SWITCH,  /* bool: true | false */
	CONFIG_NUMBER,  /* int in [min, max] */
	CONFIG_SECRETS, /* const char *[2]: one or two references, comma-separated */
};

/* A key of the file. `check` gives NULL for a good value, else what it must be ("must be …"); a value is never repeated
 * in a fault: it may be a secret in the wrong place. */
struct config_key {
	const char *section;
	const char *name;
	enum config_kind kind;
	size_t offset;
	const char *(*check)(const char *value);
	int min, max;
	bool may_be_empty;
	bool unbuilt;
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* -1: no such key. */
int config_key_find(const char *section, const char *name);

/* The values that hold where nothing is said. */
void config_set_defaults(struct config *config);

/* Puts a checked value into its place. RESULT_INVALID with *ret_reason for a bad one. */
enum result config_key_store(const struct config_key *key, const char *value, struct config *config,
                             const char **ret_reason) MUST_CHECK;

/* Is it an address of this machine alone (or a Unix socket)? The value was checked before. */
bool config_listen_is_local(const char *listen);

/* Checkers (config_check.c). */
const char *config_check_listen(const char *value);
const char *config_check_store(const char *value);
const char *config_check_reference(const char *value);
const char *config_check_allow(const char *value);
const char *config_check_origin(const char *value);
const char *config_check_url(const char *value);
const char *config_check_proxy(const char *value);
const char *config_check_path(const char *value);
const char *config_check_groups(const char *value);
const char *config_check_jira_auth(const char *value);
const char *config_check_level(const char *value);

#endif
