/* The connection test, first part: from the stored credential to a token and what it permits.
 *
 * Every check that can run does; one that depended on a failed one is skipped and says on which. The whole goes past
 * all caches, asks nothing twice that one answer can tell, and ends within its deadline whatever the other side does:
 * no exchange may take longer than ENTRA_CALL_TIMEOUT_MS, those of the second part run at the same time, and each retry
 * looks at the time that is left first. */
#include "connector/entra/diagnosis.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "connector/entra/client_assertion.h"
#include "connector/entra/entra.h"
#include "connector/entra/permissions.h"
#include "connector/entra/throttle_gate.h"
#include "connector/entra/token_request.h"
#include "connector/entra/transport.h"

#define SKEW_MS (120 * 1000)
#define FIXED_CHECKS 9
#define SUMMARY_CEILING 2048

static void pause_ms(int64_t duration_ms)
{
	struct timespec left = {.tv_sec = duration_ms / 1000, .tv_nsec = (duration_ms % 1000) * 1000000};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static enum result certificate_open(struct diagnosis *diagnosis, const struct secret *key, struct error *error)
{
	const struct secret_source *source = diagnosis->target->certificate;
	_cleanup_(secret_done) struct secret certificate = {0};
	if (source == NULL)
		return error_set(error, RESULT_INVALID, "secret_missing", "The connector has no certificate.");
	enum result result = source->fetch(source, &certificate, error);
	if (result != RESULT_OK)
		return result;
	const struct client_certificate pair = {.key = key, .certificate = &certificate};
	return client_certificate_check(&pair, clock_now_ms(diagnosis->environment->clock),
	                                &diagnosis->credential_expires_at, error);
}

/* Opens the credential for what can be told about it without asking: readable, of the right kind, still valid. Takes
 * down a secret's hint; wipes the rest. */
static enum result credential_open(struct diagnosis *diagnosis, struct error *error)
{
	const struct connector_target *target = diagnosis->target;
	const char *fault = entra_check_shape(target->settings);
	if (fault[0] != '\0')
		return error_set(error, RESULT_INVALID, fault, "%s", "");
	_cleanup_(secret_done) struct secret secret = {0};
	enum result result = RESULT_OK;
	if (target->secret != NULL)
		result = target->secret->fetch(target->secret, &secret, error);
	if (result != RESULT_OK)
		return result;
	if (secret.length == 0)
		return error_set(error, RESULT_INVALID, "secret_missing", "%s", "");
	enum credential_kind kind = target->settings->credential.kind;
	if (kind == CREDENTIAL_CERTIFICATE)
		return certificate_open(diagnosis, &secret, error);
	if (kind == CREDENTIAL_FEDERATED)
		return federated_token_check(&secret, clock_now_ms(diagnosis->environment->clock), error);
	if (secret.length >= DIAGNOSIS_HINT_LENGTH)
		memcpy(diagnosis->hint, secret.bytes, DIAGNOSIS_HINT_LENGTH);
	return RESULT_OK;
}

static enum result check_credential(struct diagnosis *diagnosis, bool *ret_go_on, struct error *error)
{
	struct error fault = {0};
	enum result result = credential_open(diagnosis, &fault);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	*ret_go_on = result == RESULT_OK;
	if (result == RESULT_OK) {
		diagnosis_add(diagnosis, "credential", "passed", "credential_ok");
		return RESULT_OK;
	}
	if (fault.code[0] == '\0')
		memcpy(fault.code, "secret_missing", sizeof("secret_missing"));
	diagnosis_add_failure(diagnosis, "credential", &fault);
	return RESULT_OK;
}

/* A secret made just now may be refused as wrong for some seconds. */
static enum result token_ask(struct diagnosis *diagnosis, struct entra_token_answer *ret_answer, struct error *error)
{
	static const int64_t pauses_ms[] = {1000, 2000, 4000};
	const struct clock *clock = diagnosis->environment->clock;
	struct graph_session *session = &diagnosis->session;
	for (size_t attempt = 0;; attempt++) {
		enum result result = entra_token_request(diagnosis->environment, diagnosis->target, &session->place,
		                                         session->deadline_ms, diagnosis->arena, ret_answer, error);
		bool may_be_new = diagnosis->input->secret_is_fresh && text_equal(error->code, "secret_invalid");
		if (result == RESULT_OK || !may_be_new || attempt == ARRAY_SIZE(pauses_ms))
			return result;
		if (clock_monotonic_ms(clock) + pauses_ms[attempt] >= session->deadline_ms)
			return result;
		pause_ms(pauses_ms[attempt]);
	}
}

static bool clock_is_off(const struct diagnosis *diagnosis, int64_t server_time_ms)
{
	int64_t now = clock_now_ms(diagnosis->environment->clock);
	int64_t apart = now > server_time_ms ? now - server_time_ms : server_time_ms - now;
	return server_time_ms != 0 && apart > SKEW_MS;
}

static void token_line(struct diagnosis *diagnosis, const struct entra_token_answer *answer)
{
	struct diagnosis_check *line;
	if (clock_is_off(diagnosis, answer->server_time_ms)) {
		line = diagnosis_add(diagnosis, "token", "warning", "clock_skew");
		line->summary =
		    "Entra issued an access token, but this machine's clock differs from Entra's by over two minutes.";
	} else {
		line = diagnosis_add(diagnosis, "token", "passed", "token_ok");
	}
	line->http_status = 200;
	if (answer->correlation_id[0] != '\0')
		line->correlation_id = arena_strdup(diagnosis->arena, answer->correlation_id);
	if (answer->trace_id[0] != '\0')
		line->trace_id = arena_strdup(diagnosis->arena, answer->trace_id);
}

static enum result check_token(struct diagnosis *diagnosis, bool *ret_go_on, struct error *error)
{
	struct entra_token_answer answer = {0};
	struct error fault = {0};
	enum result result = token_ask(diagnosis, &answer, &fault);
	if (result == RESULT_NO_MEMORY)
		return error_set(error, result, NULL, "Out of memory.");
	*ret_go_on = result == RESULT_OK;
	if (result != RESULT_OK && entra_transport_is_code(fault.code)) {
		const struct diagnosis_check *line = diagnosis_add_failure(diagnosis, "reach-login", &fault);
		diagnosis_skip(diagnosis, "token", NULL, line);
		return RESULT_OK;
	}
	struct diagnosis_check *reached = diagnosis_add(diagnosis, "reach-login", "passed", "reached");
	reached->http_status = result == RESULT_OK ? 200 : fault.http_status;
	if (result != RESULT_OK) {
		diagnosis_add_failure(diagnosis, "token", &fault);
		return RESULT_OK;
	}
	token_line(diagnosis, &answer);
	diagnosis->session.token = answer.access_token;
	return RESULT_OK;
}

static const char *joined(struct arena *arena, const char *before, const char *const *names, size_t count,
                          const char *after)
{
	struct text text = TEXT_INIT(SUMMARY_CEILING);
	text_append(&text, before);
	for (size_t i = 0; i < count; i++)
		text_printf(&text, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", names[i]);
	text_append(&text, after);
	const char *copy = text_failed(&text) ? NULL : arena_strdup(arena, text.data);
	text_done(&text);
	return copy;
}

static const char *permission_summary(struct diagnosis *diagnosis, const struct permission_verdict *verdict)
{
	const char *lacks = NULL;
	const char *holds = NULL;
	if (text_equal(verdict->code, "permission_missing"))
		lacks = joined(diagnosis->arena, "The app lacks ", verdict->missing, verdict->missing_count, ".");
	if (verdict->excess_count > 0)
		holds = joined(diagnosis->arena, "The app holds ", verdict->excess, verdict->excess_count,
		               ", which is more than it needs.");
	if (lacks == NULL || holds == NULL)
		return lacks != NULL ? lacks : holds;
	return arena_printf(diagnosis->arena, "%s %s", lacks, holds);
}

static enum result check_permissions(struct diagnosis *diagnosis, struct error *error)
{
	bool owned = text_equal(diagnosis->environment->bindable_groups, "owned");
	bool create = text_equal(diagnosis->target->settings->group_mode, "create");
	struct permission_verdict *verdict = arena_alloc(diagnosis->arena, sizeof(*verdict));
	enum result result = verdict != NULL ? RESULT_OK : RESULT_NO_MEMORY;
	if (result == RESULT_OK)
		result = entra_claims_read(diagnosis->session.token, diagnosis->arena, &diagnosis->claims);
	if (result == RESULT_OK)
		result = permissions_judge(&diagnosis->claims, owned, create, diagnosis->arena, verdict);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Out of memory.");
	const char *outcome = "failed";
	if (text_equal(verdict->code, "permissions_ok"))
		outcome = "passed";
	else if (text_equal(verdict->code, "permission_excessive"))
		outcome = "warning";
	struct diagnosis_check *line = diagnosis_add(diagnosis, "permissions", outcome, verdict->code);
	const char *summary = permission_summary(diagnosis, verdict);
	if (summary != NULL)
		line->summary = summary;
	line->missing = verdict->missing;
	line->missing_count = verdict->missing_count;
	line->excess = verdict->excess;
	line->excess_count = verdict->excess_count;
	return RESULT_OK;
}

enum result diagnosis_sign_in(struct diagnosis *diagnosis, bool *ret_go_on, struct error *error)
{
	bool go_on = false;
	enum result result = check_credential(diagnosis, &go_on, error);
	if (result == RESULT_OK && go_on)
		result = check_token(diagnosis, &go_on, error);
	if (result == RESULT_OK && go_on)
		result = check_permissions(diagnosis, error);
	if (result == RESULT_OK)
		*ret_go_on = go_on;
	return result;
}

static const struct diagnosis_check *first_failure(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++)
		if (text_equal(diagnosis->checks[i].outcome, "failed"))
			return &diagnosis->checks[i];
	return &diagnosis->checks[0];
}

static bool group_came_before(const struct connector_test_input *input, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (input->bound_tools[i].group.group_id != NULL &&
		    text_equal_fold(input->bound_tools[i].group.group_id, input->bound_tools[at].group.group_id))
			return true;
	return false;
}

static void skip_groups(struct diagnosis *diagnosis, const struct diagnosis_check *because)
{
	const struct connector_test_input *input = diagnosis->input;
	size_t skipped = 0;
	for (size_t i = 0; i < input->bound_tool_count; i++) {
		const char *group_id = input->bound_tools[i].group.group_id;
		if (group_id == NULL || group_came_before(input, i))
			continue;
		diagnosis_skip(diagnosis, "groups", group_id, because);
		skipped++;
	}
	if (skipped == 0)
		diagnosis_skip(diagnosis, "groups", NULL, because);
}

/* Without a token: whatever of the fixed order has no line yet. */
static void skip_rest(struct diagnosis *diagnosis)
{
	static const char *const order[] = {"credential", "reach-login", "token",  "permissions",      "reach-graph",
	                                    "read-users", "read-groups", "groups", "credential-expiry"};
	const struct diagnosis_check *because = first_failure(diagnosis);
	for (size_t i = diagnosis->count; i < ARRAY_SIZE(order); i++) {
		if (text_equal(order[i], "groups"))
			skip_groups(diagnosis, because);
		else
			diagnosis_skip(diagnosis, order[i], NULL, because);
	}
}

static enum result diagnosis_init(struct diagnosis *diagnosis, struct error *error)
{
	const struct clock *clock = diagnosis->environment->clock;
	diagnosis->started_at = clock_now_ms(clock);
	diagnosis->started_monotonic = clock_monotonic_ms(clock);
	diagnosis->capacity = FIXED_CHECKS + diagnosis->input->bound_tool_count;
	diagnosis->checks = arena_array(diagnosis->arena, diagnosis->capacity, sizeof(*diagnosis->checks));
	diagnosis->groups =
	    arena_array(diagnosis->arena, diagnosis->input->bound_tool_count + 1, sizeof(*diagnosis->groups));
	if (diagnosis->checks == NULL || diagnosis->groups == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	enum result result =
	    graph_session_init(diagnosis->environment, diagnosis->target, diagnosis->arena, &diagnosis->session, error);
	diagnosis->session.past_caches = true;
	return result;
}

/* A test that nobody waits for does not go where the directory asked not to come for a while. */
static enum result light_may_go(const struct diagnosis *diagnosis, struct error *error)
{
	const struct clock *clock = diagnosis->environment->clock;
	int64_t wait = 0;
	if (diagnosis->input->light)
		wait = throttle_gate_wait_ms(&diagnosis->session.place, diagnosis->target->settings, clock_monotonic_ms(clock));
	if (wait == 0)
		return RESULT_OK;
	error_set(error, RESULT_THROTTLED, "graph_throttled", "Microsoft Graph asked this app to wait; nothing was sent.");
	error->retryable = true;
	error->retry_after_ms = wait;
	return RESULT_THROTTLED;
}

static enum result diagnosis_run(struct diagnosis *diagnosis, struct error *error)
{
	bool go_on = false;
	enum result result = diagnosis_init(diagnosis, error);
	if (result == RESULT_OK)
		result = light_may_go(diagnosis, error);
	if (result == RESULT_OK)
		result = diagnosis_sign_in(diagnosis, &go_on, error);
	if (result != RESULT_OK)
		return result;
	if (go_on)
		return diagnosis_read(diagnosis, error);
	skip_rest(diagnosis);
	return RESULT_OK;
}

/* What keeps every job of the app from its work, as opposed to a group's or a passing fault. That groups cannot be
 * created keeps no membership from being written. */
static bool stops_the_app(const struct diagnosis_check *line)
{
	struct error error = {.http_status = line->http_status, .retry_after_ms = -1};
	if (!text_equal(line->outcome, "failed") || text_equal(line->check, "groups") ||
	    text_equal(line->check, "credential-expiry"))
		return false;
	if (text_equal(line->code, "permission_missing") && line->missing_count == 1 &&
	    text_equal(line->missing[0], "Group.Create"))
		return false;
	snprintf(error.code, sizeof(error.code), "%s", line->code);
	return connector_error_scope(&error) == CONNECTOR_SCOPE_APP;
}

static void incident_find(const struct diagnosis *diagnosis, struct connector_test *test)
{
	for (size_t i = 0; i < diagnosis->count && test->incident_code == NULL; i++) {
		if (!stops_the_app(&diagnosis->checks[i]))
			continue;
		test->incident_code = diagnosis->checks[i].code;
		test->incident_detail = diagnosis->checks[i].summary;
	}
}

enum result entra_test(const struct connector_environment *environment, const struct connector_target *target,
                       const struct connector_test_input *input, struct arena *arena, struct connector_test *ret_test,
                       struct error *error)
{
	struct diagnosis diagnosis = {.environment = environment, .target = target, .input = input, .arena = arena};
	enum result result = diagnosis_run(&diagnosis, error);
	memory_wipe(diagnosis.hint, sizeof(diagnosis.hint));
	json_t *report = NULL;
	if (result == RESULT_OK && diagnosis_report(&diagnosis, &report) != RESULT_OK)
		result = error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	if (result != RESULT_OK)
		return result;
	*ret_test = (struct connector_test){
	    .outcome = diagnosis_outcome(&diagnosis),
	    .report = report,
	    .credential_expires_at = diagnosis.credential_expires_at,
	    .groups = diagnosis.groups,
	    .group_count = diagnosis.group_count,
	};
	incident_find(&diagnosis, ret_test);
	return RESULT_OK;
}
