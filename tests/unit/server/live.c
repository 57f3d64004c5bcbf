/* The whole way through a real socket, on a store of a few lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"
#include "fake_store.h"
#include "server/route.h"
#include "server/server.h"

#define BEARER(role) "Authorization: Bearer " FAKE_TOKEN(role) "\r\n"
#define AS_ADMIN BEARER("adm")
#define AS_JSON "Content-Type: application/json\r\n"

static struct fake_store fake;
static struct server *server;
static struct master_key *master_key;
static const struct webhook_secret hook_secret = {"It's a Secret to Everybody", 26};
static const struct webhook_secret automation_token = {"automation", 10};

struct answer {
	int status;
	char *text; /* head and body */
	const char *body;
	size_t length;
};

static void answer_done(struct answer *answer)
{
	free(answer->text);
}

static int connect_to_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server))};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void send_request(int fd, const char *line, const char *headers, const char *body, size_t length)
{
	char head[2048];
	int used =
	    snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
	             line, length, headers);
	send_all(fd, head, (size_t)used);
	send_all(fd, body, length);
}

static struct answer read_answer(int fd)
{
	size_t capacity = 4 << 20;
	struct answer answer = {.text = calloc(1, capacity)};
	assert_non_null(answer.text);
	for (ssize_t got; (got = recv(fd, answer.text + answer.length, capacity - answer.length - 1, 0)) > 0;)
		answer.length += (size_t)got;
	close(fd);
	const char *gap = strstr(answer.text, "\r\n\r\n");
	assert_non_null(gap);
	answer.body = gap + 4;
	answer.status = atoi(answer.text + strlen("HTTP/1.1 "));
	return answer;
}

static struct answer ask_bytes(const char *line, const char *headers, const char *body, size_t length)
{
	int fd = connect_to_server();
	send_request(fd, line, headers, body, length);
	return read_answer(fd);
}

static struct answer ask(const char *line, const char *headers, const char *body)
{
	return ask_bytes(line, headers, body, strlen(body));
}

static void expect(const char *line, const char *headers, const char *body, int status, const char *part)
{
	_cleanup_(answer_done) struct answer answer = ask(line, headers, body);
	if (answer.status != status || strstr(answer.text, part) == NULL)
		print_error("%s -> %s\n", line, answer.text);
	assert_int_equal(answer.status, status);
	assert_non_null(strstr(answer.text, part));
	if (status >= 400)
		assert_non_null(strstr(answer.text, "application/problem+json"));
}

static int setup(void **state)
{
	(void)state;
	struct error error;
	setenv("AIC_TEST_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1);
	fake_store_init(&fake);
	if (master_key_read("env:AIC_TEST_KEY", &master_key, &error) != RESULT_OK)
		return 1;
	struct server_options options = {
	    .listen = "127.0.0.1:0",
	    .store = &fake.store,
	    .clock = clock_system(),
	    .master_key = master_key,
	    .webhook_secrets = &hook_secret,
	    .webhook_secret_count = 1,
	    .automation_token = &automation_token,
	};
	return server_start(&options, &server, &error) != RESULT_OK;
}

static int teardown(void **state)
{
	(void)state;
	server_stop(server);
	server = NULL;
	master_key_free(master_key);
	master_key = NULL;
	return 0;
}

static void a_stranger_is_told_who_they_must_be(void **state)
{
	(void)state;
	expect("GET /healthz", "", "", 200, "\"ok\"");
	expect("GET /readyz", "", "", 200, "\"ready\"");
	expect("GET /api/v1/me", "", "", 401, "\"unauthenticated\"");
	expect("GET /api/v1/me", "Authorization: Bearer wrong\r\n", "", 401, "WWW-Authenticate");
	expect("GET /api/v1/me", AS_ADMIN, "", 200, "\"account-admin\"");
	expect("GET /api/v1/me", AS_ADMIN BEARER("req"), "", 401, "\"unauthenticated\"");
	expect("GET /api/v1/nothing", "", "", 404, "\"not_found\"");
	expect("PATCH /api/v1/me", "", "", 405, "Allow: GET, HEAD");
	expect("GET /api/v1/openapi.json", "", "", 200, "\"3.1.0\"");
}

/* Every route, by everybody: a role that the table does not name is always told 403, one that it names never is. */
static void no_role_reaches_a_route_that_the_table_does_not_give_it(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		enum role role;
	} callers[] = {
	    {AS_ADMIN AS_JSON, ROLE_ADMIN},
	    {BEARER("app") AS_JSON, ROLE_APPROVER},
	    {BEARER("aud") AS_JSON, ROLE_AUDITOR},
	    {BEARER("req") AS_JSON, ROLE_REQUESTER},
	};
	size_t count;
	const struct route *routes = route_table(&count);
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < ARRAY_SIZE(callers) && routes[i].roles != 0; c++) {
			char line[256];
			snprintf(line, sizeof line, "%s %s?bogus=1", routes[i].method, routes[i].pattern);
			for (char *at = line; *at != '\0'; at++)
				*at = *at == '{' || *at == '}' ? 'x' : *at;
			_cleanup_(answer_done) struct answer answer = ask(line, callers[c].header, "");
			bool may = (routes[i].roles & callers[c].role) != 0;
			/* JSON is no file: but only who may send one is told so. */
			bool told = (routes[i].flags & ROUTE_CSV) != 0 ? answer.status == 415
			                                               : answer.status == 422 || answer.status == 400;
			assert_true(may ? told : answer.status == 403);
		}
	}
}

static void a_body_that_is_not_what_the_route_asks_for_is_refused_by_name(void **state)
{
	(void)state;
	static const char line[] = "POST /api/v1/connectors";
	expect(line, AS_ADMIN AS_JSON, "{\"a\":1,\n\"a\":2}", 400, "line 2");
	expect(line, AS_ADMIN AS_JSON, "", 400, "\"json_malformed\"");
	expect(line, AS_ADMIN "Content-Type: text/plain\r\n", "{}", 415, "\"media_type\"");
	expect(line, AS_ADMIN "Content-Type: application/json; charset=utf-8\r\n", "{}", 422, "\"connectorId\"");
	expect(line, AS_ADMIN AS_JSON, "{\"bogus\":1}", 422, "\"unknown_key\"");
	expect("GET /api/v1/connectors?limit=0", AS_ADMIN, "", 422, "\"limit\"");
	expect("GET /api/v1/connectors?limit=201", AS_ADMIN, "", 422, "\"out_of_range\"");
	expect("GET /api/v1/connectors?limit=x", AS_ADMIN, "", 422, "\"wrong_type\"");
	expect("GET /api/v1/connectors?cursor=AAAA", AS_ADMIN, "", 422, "\"cursor\"");
	expect("GET /api/v1/connectors?bogus=1", AS_ADMIN, "", 422, "\"bogus\"");
	expect("GET /api/v1/connectors?limit=1&limit=2", AS_ADMIN, "", 422, "given twice");
	expect("GET /api/v1/connectors/a/groups?serch=x", AS_ADMIN, "", 422, "\"serch\"");
}

static void a_body_over_its_limit_is_413_however_it_comes(void **state)
{
	(void)state;
	size_t length = (1 << 20) + 1;
	char *body = calloc(1, length + 1);
	assert_non_null(body);
	memset(body, ' ', length);
	_cleanup_(answer_done) struct answer drained = ask_bytes("POST /hooks/jira", "", body, length);
	assert_int_equal(drained.status, 413);
	_cleanup_(answer_done) struct answer small =
	    ask_bytes("POST /api/v1/tools", AS_ADMIN AS_JSON, body, (64 << 10) + 1);
	assert_int_equal(small.status, 413);
	_cleanup_(answer_done) struct answer fits = ask_bytes("POST /api/v1/tools", AS_ADMIN AS_JSON, body, 64 << 10);
	assert_int_equal(fits.status, 400);
	_cleanup_(answer_done) struct answer expects =
	    ask_bytes("POST /hooks/jira", "Expect: 100-continue\r\n", body, length);
	assert_int_equal(expects.status, 413);
	free(body);
}

#define CREATE                                                                                                         \
	"{\"connectorId\":\"entra-prod\",\"type\":\"entra\",\"name\":\"n\",\"config\":{\"tenantId\":\"t\",\"clientId\":"   \
	"\"c\","                                                                                                           \
	"\"clientSecret\":\"hush-hush\"}}"

static void a_second_post_with_the_same_key_creates_nothing_and_says_the_same(void **state)
{
	(void)state;
	static const char headers[] = AS_ADMIN AS_JSON "Idempotency-Key: key-1\r\n";
	_cleanup_(answer_done) struct answer first = ask("POST /api/v1/connectors", headers, CREATE);
	assert_int_equal(first.status, 201);
	assert_non_null(strstr(first.text, "Location: /api/v1/connectors/entra-prod"));
	assert_null(strstr(first.text, "hush-hush"));
	_cleanup_(answer_done) struct answer second = ask("POST /api/v1/connectors", headers, CREATE);
	assert_int_equal(second.status, 201);
	assert_non_null(strstr(second.text, "Idempotency-Replayed: true"));
	assert_non_null(strstr(second.text, "Location: /api/v1/connectors/entra-prod"));
	assert_string_equal(first.body, second.body);
	const char *tag = strstr(first.text, "ETag: ");
	assert_non_null(tag);
	assert_memory_equal(tag, strstr(second.text, "ETag: "), 40);
	assert_int_equal(fake.connectors_created, 1);
	expect("POST /api/v1/connectors", headers,
	       "{\"connectorId\":\"other\",\"type\":\"entra\",\"name\":\"n\",\"config\":"
	       "{\"tenantId\":\"t\",\"clientId\":\"c\",\"clientSecret\":\"s\"}}",
	       422, "\"idempotency_key_reused\"");
	expect("POST /api/v1/connectors", AS_ADMIN AS_JSON, CREATE, 409, "\"already_exists\"");
}

static void a_client_secret_reaches_the_store_sealed_alone(void **state)
{
	(void)state;
	struct secret secret = {0};
	assert_true(fake.sealed_length > 9);
	assert_null(memmem(fake.sealed, fake.sealed_length, "hush-hush", 9));
	assert_int_equal(sealed_open(master_key, "connector:entra-prod", fake.sealed, fake.sealed_length, &secret, NULL),
	                 RESULT_OK);
	assert_string_equal(secret.bytes, "hush-hush");
	secret_done(&secret);
}

static void a_change_of_something_that_was_changed_meanwhile_is_refused(void **state)
{
	(void)state;
	_cleanup_(answer_done) struct answer got = ask("GET /api/v1/connectors/entra-prod", AS_ADMIN, "");
	assert_int_equal(got.status, 200);
	const char *tag = strstr(got.text, "ETag: ");
	assert_non_null(tag);
	char headers[256];
	expect("DELETE /api/v1/connectors/entra-prod", AS_ADMIN "If-Match: \"other\"\r\n", "", 412,
	       "\"precondition_failed\"");
	snprintf(headers, sizeof headers, AS_ADMIN "If-Match: W/%.34s\r\n", tag + 6);
	expect("DELETE /api/v1/connectors/entra-prod", headers, "", 412, "\"precondition_failed\"");
	expect("GET /api/v1/connectors", AS_ADMIN, "", 200, "\"nextCursor\":\"");
	snprintf(headers, sizeof headers, AS_ADMIN "If-Match: %.34s\r\n", tag + 6);
	_cleanup_(answer_done) struct answer gone = ask("DELETE /api/v1/connectors/entra-prod", headers, "");
	assert_int_equal(gone.status, 204);
	expect("GET /api/v1/connectors/entra-prod", AS_ADMIN, "", 404, "\"not_found\"");
}

static void head_answers_like_get_without_the_body(void **state)
{
	(void)state;
	_cleanup_(answer_done) struct answer answer = ask("HEAD /healthz", "", "");
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "");
	assert_non_null(strstr(answer.text, "X-Content-Type-Options: nosniff"));
	assert_non_null(strstr(answer.text, "Cache-Control: no-store"));
}

/* ---- hooks
 * ------------------------------------------------------------------------------------------------------------------ */

static void sign(const char *body, size_t length, char *out, size_t size)
{
	uint8_t digest[DIGEST_SIZE];
	char hex[DIGEST_HEX_SIZE];
	assert_int_equal(digest_hmac_sha256(hook_secret.bytes, hook_secret.length, body, length, digest), RESULT_OK);
	text_hex_encode(digest, sizeof digest, hex);
	snprintf(out, size, "X-Hub-Signature: sha256=%s\r\n", hex);
}

static void a_webhook_is_believed_only_with_its_signature(void **state)
{
	(void)state;
	char header[256];
	char twice[512];
	sign("{\"a\":1}", 7, header, sizeof header);
	expect("POST /hooks/jira?user_id=1&user_key=2", header, "{\"a\":1}", 202, "\"eventId\"");
	assert_string_equal(fake.inbox_status, "ignored");
	expect("POST /hooks/jira", header, "{\"a\":2}", 401, "\"unauthenticated\"");
	expect("POST /hooks/jira", "", "{\"a\":1}", 401, "\"unauthenticated\"");
	snprintf(twice, sizeof twice, "%s%s", header, header);
	expect("POST /hooks/jira", twice, "{\"a\":1}", 401, "\"unauthenticated\"");
	assert_int_equal(fake.inbox_count, 1);
	sign("\xff{", 2, header, sizeof header);
	expect("POST /hooks/jira", header, "\xff{", 202, "\"eventId\"");
	assert_string_equal(fake.inbox_status, "ignored");
}

static void an_event_that_is_not_on_disk_is_never_acknowledged(void **state)
{
	(void)state;
	char header[256];
	sign("{}", 2, header, sizeof header);
	for (int result = RESULT_NO_MEMORY; result < RESULT_MAX; result++) {
		fake.inbox_result = (enum result)result;
		expect("POST /hooks/jira", header, "{}", 503, "\"unavailable\"");
	}
	fake.inbox_result = RESULT_OK;
}

static void automation_needs_its_token_and_an_issue_key(void **state)
{
	(void)state;
	static const char good[] = "X-AIClearance-Token: automation\r\n";
	expect("POST /hooks/jira-automation", good, "{\"issueKey\":\"AIC-1\"}", 202, "\"eventId\"");
	expect("POST /hooks/jira-automation", "X-AIClearance-Token: wrong\r\n", "{\"issueKey\":\"AIC-1\"}", 401, "code");
	expect("POST /hooks/jira-automation", "", "{\"issueKey\":\"AIC-1\"}", 401, "code");
	expect("POST /hooks/jira-automation", good, "{", 400, "\"json_malformed\"");
	expect("POST /hooks/jira-automation", good, "{}", 422, "\"validation_failed\"");
}

/* ---- deciding
 * ---------------------------------------------------------------------------------------------------------------- */

static void nobody_decides_about_themself(void **state)
{
	(void)state;
	static const char line[] = "POST /api/v1/requests/r-1/approve";
	fake.request = (struct access_request){.request_id = "r-1",
	                                       .tool_id = "t",
	                                       .account_id = "account-approver",
	                                       .filed_by = "account-requester",
	                                       .purpose = "",
	                                       .approval = "console",
	                                       .created_at = 1,
	                                       .version = 1};
	expect(line, BEARER("app"), "", 403, "\"self_approval\"");
	fake.request.account_id = "account-requester";
	fake.request.filed_by = "account-approver";
	expect(line, BEARER("app"), "", 403, "\"self_approval\"");
	fake.request.filed_by = "account-else";
	fake.request.filed_by_principal = &FAKE_TOKEN("app")[40];
	expect(line, BEARER("app"), "", 403, "\"self_approval\"");
	fake.request.filed_by_principal = NULL;
	expect(line, BEARER("unl"), "", 403, "\"principal_unlinked\"");
	fake.request.approval = "jsm";
	expect(line, BEARER("app"), "", 409, "\"decided_in_jira\"");
	assert_int_equal(fake.applied, 0);
	fake.request.approval = "console";
	expect(line, BEARER("app") AS_JSON, "{\"comment\":\"\"}", 200, "\"approved\"");
	assert_int_equal(fake.applied, 1);
}

static void a_requester_does_not_learn_of_another_ones_request(void **state)
{
	(void)state;
	fake.request.account_id = "account-requester";
	expect("GET /api/v1/requests/r-1", BEARER("req"), "", 200, "\"r-1\"");
	fake.request.account_id = "account-else";
	expect("GET /api/v1/requests/r-1", BEARER("req"), "", 404, "\"not_found\"");
	expect("POST /api/v1/requests/r-1/cancel", BEARER("req"), "", 404, "\"not_found\"");
	expect("GET /api/v1/requests/r-1", BEARER("app"), "", 200, "\"r-1\"");
}

/* ---- waiting and streaming
 * ----------------------------------------------------------------------------------------------------- */

static void a_waiting_call_answers_at_the_next_change_of_state(void **state)
{
	(void)state;
	fake_job_set(&fake, JOB_QUEUED);
	int waiting = connect_to_server();
	send_request(waiting, "GET /api/v1/jobs/0190-job?wait=20", AS_ADMIN, "", 0);
	/* Wakes that bring no change do not end the wait, nor does any number of other calls while it is parked. */
	for (int i = 0; i < 20; i++) {
		server_wake(server);
		expect("GET /healthz", "", "", 200, "ok");
	}
	char peek;
	assert_int_equal(recv(waiting, &peek, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	fake_job_set(&fake, JOB_RUNNING);
	server_wake(server);
	_cleanup_(answer_done) struct answer answer = read_answer(waiting);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body, "\"running\""));
	fake_job_set(&fake, JOB_SUCCEEDED);
	expect("GET /api/v1/jobs/0190-job?wait=20", AS_ADMIN, "", 200, "\"succeeded\"");
	fake_job_set(&fake, JOB_QUEUED);
	expect("GET /api/v1/jobs/0190-job?wait=1", AS_ADMIN, "", 200, "\"queued\"");
	expect("GET /api/v1/jobs/0190-job?wait=21", AS_ADMIN, "", 422, "\"wait\"");
	expect("GET /api/v1/jobs/other?wait=20", AS_ADMIN, "", 404, "\"not_found\"");
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		count++;
	return count;
}

static void an_export_has_every_event_once_however_long_it_is(void **state)
{
	(void)state;
	fake.audit_events = 1001;
	_cleanup_(answer_done) struct answer lines = ask("GET /api/v1/audit-events/export", AS_ADMIN, "");
	assert_int_equal(lines.status, 200);
	assert_int_equal(count_of(lines.body, "\"prevHash\""), 1001);
	_cleanup_(answer_done) struct answer cells = ask("GET /api/v1/audit-events/export?format=csv", AS_ADMIN, "");
	assert_int_equal(cells.status, 200);
	assert_int_equal(count_of(cells.body, "tool.created"), 1001);
	assert_int_equal(count_of(cells.body, ",'=1+1,"), 1001);
	assert_int_equal(count_of(cells.body, "\"{\"\"a\"\":1}\""), 1001);
	fake.audit_events = 0;
	_cleanup_(answer_done) struct answer empty = ask("GET /api/v1/audit-events/export", AS_ADMIN, "");
	assert_int_equal(empty.status, 200);
	assert_int_equal(count_of(empty.body, "prevHash"), 0);
	expect("GET /api/v1/audit-events/export?format=xml", AS_ADMIN, "", 422, "\"format\"");
}

static void a_stop_answers_whoever_still_waits(void **state)
{
	(void)state;
	fake_job_set(&fake, JOB_QUEUED);
	int waiting = connect_to_server();
	send_request(waiting, "GET /api/v1/jobs/0190-job?wait=20", AS_ADMIN, "", 0);
	expect("GET /healthz", "", "", 200, "ok");
	/* The answer comes whether the call was parked already or not. */
	teardown(NULL);
	_cleanup_(answer_done) struct answer answer = read_answer(waiting);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body, "\"queued\""));
}

static void a_socket_file_is_replaced_only_if_nobody_answers_there(void **state)
{
	(void)state;
	struct error error;
	struct server *first = NULL;
	struct server *second = NULL;
	char folder[] = "/tmp/aic-unit-XXXXXX";
	char listen_on[64];
	assert_non_null(mkdtemp(folder));
	snprintf(listen_on, sizeof listen_on, "unix:%s/s", folder);
	/* What a crash leaves: a bound socket that nobody listens on. */
	struct sockaddr_un left = {.sun_family = AF_UNIX};
	snprintf(left.sun_path, sizeof left.sun_path, "%s/s", folder);
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(stale, (struct sockaddr *)&left, sizeof left), 0);
	close(stale);
	struct server_options options = {.listen = listen_on, .store = &fake.store, .clock = clock_system()};
	assert_int_equal(server_start(&options, &first, &error), RESULT_OK);
	assert_int_not_equal(server_start(&options, &second, &error), RESULT_OK);
	assert_null(second);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&left, sizeof left), 0);
	send_request(fd, "GET /healthz", "", "", 0);
	_cleanup_(answer_done) struct answer answer = read_answer(fd);
	assert_int_equal(answer.status, 200);
	server_stop(first);
	assert_int_not_equal(access(left.sun_path, F_OK), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stranger_is_told_who_they_must_be),
	    cmocka_unit_test(no_role_reaches_a_route_that_the_table_does_not_give_it),
	    cmocka_unit_test(a_body_that_is_not_what_the_route_asks_for_is_refused_by_name),
	    cmocka_unit_test(a_body_over_its_limit_is_413_however_it_comes),
	    cmocka_unit_test(a_second_post_with_the_same_key_creates_nothing_and_says_the_same),
	    cmocka_unit_test(a_client_secret_reaches_the_store_sealed_alone),
	    cmocka_unit_test(a_change_of_something_that_was_changed_meanwhile_is_refused),
	    cmocka_unit_test(head_answers_like_get_without_the_body),
	    cmocka_unit_test(a_webhook_is_believed_only_with_its_signature),
	    cmocka_unit_test(an_event_that_is_not_on_disk_is_never_acknowledged),
	    cmocka_unit_test(automation_needs_its_token_and_an_issue_key),
	    cmocka_unit_test(nobody_decides_about_themself),
	    cmocka_unit_test(a_requester_does_not_learn_of_another_ones_request),
	    cmocka_unit_test(a_waiting_call_answers_at_the_next_change_of_state),
	    cmocka_unit_test(an_export_has_every_event_once_however_long_it_is),
	    cmocka_unit_test(a_stop_answers_whoever_still_waits),
	    cmocka_unit_test(a_socket_file_is_replaced_only_if_nobody_answers_there),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
