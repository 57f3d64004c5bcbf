/* What the operations on connectors, tools and mappings (store.h) are given. */
#ifndef AIC_STORE_STORE_CATALOG_H
#define AIC_STORE_STORE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/catalog.h"

/* A group to be created for a tool. */
struct group_order {
	const char *job_id;   /* for the job, if one is started */
	const char *progress; /* what its first attempt begins with */
	int64_t expected_version;
};

/* A connection test as it is kept. */
struct connector_test_record {
	int64_t credential_version; /* the one tested: a report about one replaced meanwhile is dropped */
	const char *outcome;        /* "passed" "warning" "failed" */
	const char *report;         /* JSON text */
	int64_t credential_expires_at;
	bool by_itself; /* the hourly one: connector.tested only where outcome or failed codes are new */
	const char
	    *incident_code; /* failed for the whole app: holds the connector's jobs as one incident; NULL: does not */
	const char *incident_detail;
	/* What it found about bound groups: group_id, manageable, code, checked_at are read. */
	const struct entitlement_group *groups;
	size_t group_count;
};

/* One row of an import, checked before: every string is within its limit. */
struct mapping_row {
	int64_t line; /* in the file, from 1: the header */
	const char *account_id, *connector_id, *external_id;
	const char *note; /* NULL: the column is absent, a present mapping keeps its note */
};

#define MAPPING_IMPORT_ERRORS_MAX 1000

struct mapping_import {
	const struct mapping_row *rows;
	size_t row_count;
	bool dry_run;
	uint8_t content_hash[32]; /* SHA-256 of the file: goes into the audit event */
	/* out */
	int64_t created, updated, unchanged;
	struct mapping_import_error {
		int64_t line;
		const char *code;   /* "not_one_of": no such connector; "duplicate": the pair stood on an earlier line */
		const char *path;   /* "connectorId", "accountId" */
		const char *detail; /* in the arena */
	} * errors;             /* in the arena; at most MAPPING_IMPORT_ERRORS_MAX */
	size_t error_count;
	bool truncated;
};

/* What a check found about a mapping's user. */
struct mapping_check {
	const char *mapping_id;
	const char *external_id;         /* as it was when asked: a mapping changed meanwhile is left alone */
	const char *code;                /* "mapping", mapping_target_missing, _changed, _disabled; NULL: asked in vain */
	const char *object_id;           /* pinned if nothing is pinned yet and the code is "mapping"; NULL */
	const char *user_principal_name; /* NULL */
};

/* Something sealed under the master key, as `secrets rotate` moves it. */
struct sealed_item {
	const char *bound_to; /* "connector:entra-prod", "audit-key": what it was sealed for */
	const uint8_t *sealed;
	size_t length;
};

#endif
