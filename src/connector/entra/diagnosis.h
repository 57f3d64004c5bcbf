/* The connection test: which check says what. */
#ifndef AIC_CONNECTOR_ENTRA_DIAGNOSIS_H
#define AIC_CONNECTOR_ENTRA_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/token_claims.h"

/* One line of the report. Strings live in the arena of the test, or for ever. */
struct diagnosis_check {
	const char *check;
	const char *outcome; /* "passed" "warning" "failed" "skipped" */
	const char *code;
	const char *summary;
	const char *remedy; /* NULL only where nothing is wrong */
	int http_status;
	long aadsts;
	const char *graph_code;
	const char *correlation_id;
	const char *trace_id;
	const char *request_id;
	const char *group_id;
	const char *const *missing;
	size_t missing_count;
	const char *const *excess;
	size_t excess_count;
};

#define DIAGNOSIS_HINT_LENGTH 3

/* A test under way. */
struct diagnosis {
	const struct connector_environment *environment;
	const struct connector_target *target;
	const struct connector_test_input *input;
	struct arena *arena;
	struct graph_session session;
	struct entra_claims claims;
	char hint[DIAGNOSIS_HINT_LENGTH + 1]; /* of the secret, as Entra shows it; wiped at the end, never reported */
	int64_t started_at;
	int64_t started_monotonic;
	struct diagnosis_check *checks;
	size_t count;
	size_t capacity;
	struct connector_group_check *groups;
	size_t group_count;
	int64_t credential_expires_at; /* 0: not known (yet); a certificate's is its own */
};

enum result entra_test(const struct connector_environment *environment, const struct connector_target *target,
                       const struct connector_test_input *input, struct arena *arena, struct connector_test *ret_test,
                       struct error *error) MUST_CHECK;

/* The first two thirds: credential, reach-login, token, permissions. *ret_go_on: there is a token to go on with. */
enum result diagnosis_sign_in(struct diagnosis *diagnosis, bool *ret_go_on, struct error *error) MUST_CHECK;
/* The rest: reach-graph, read-users, read-groups, groups, credential-expiry. */
enum result diagnosis_read(struct diagnosis *diagnosis, struct error *error) MUST_CHECK;

/* Writing lines (diagnosis_report.c). There is always room for the lines that a test has. */
struct diagnosis_check *diagnosis_add(struct diagnosis *diagnosis, const char *check, const char *outcome,
                                      const char *code);
struct diagnosis_check *diagnosis_add_failure(struct diagnosis *diagnosis, const char *check,
                                              const struct error *error);
void diagnosis_take_evidence(struct diagnosis *diagnosis, struct diagnosis_check *line, const struct error *error);
/* `because` is the line on which this one depended. */
void diagnosis_skip(struct diagnosis *diagnosis, const char *check, const char *group_id,
                    const struct diagnosis_check *because);

/* "failed" if a check failed, else "warning" if one warned, else "passed". */
const char *diagnosis_outcome(const struct diagnosis *diagnosis);
/* The contract's report; the caller owns it. */
enum result diagnosis_report(const struct diagnosis *diagnosis, json_t **ret_report) MUST_CHECK;

#endif
