#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>

#include "http/client.h"
#include "raw_server.h"

#define GENEROUS_MS 20000

static struct raw_server server;
static struct http_client *client;
static struct arena *arena;
static struct http_response response;
static struct error error;

static int start(void **state)
{
	(void)state;
	const struct http_client_options options = {.user_agent = "test-agent"};
	arena = arena_new(8 << 20);
	return arena == NULL || !raw_server_start(&server, NULL) || http_client_new(&options, &client, &error) != RESULT_OK;
}

static int stop(void **state)
{
	(void)state;
	http_client_free(client);
	client = NULL;
	raw_server_stop(&server);
	arena_freep(&arena);
	return 0;
}

static struct http_request request_for(const char *method, const char *path)
{
	char *url = arena_printf(arena, "http://127.0.0.1:%d%s", server.port, path);
	assert_non_null(url);
	return (struct http_request){.method = method, .url = url, .timeout_ms = GENEROUS_MS, .max_response_bytes = 100000};
}

static enum result send_request(const struct http_request *request)
{
	memset(&response, 0xee, sizeof(response));
	return http_client_perform(client, request, arena, &response, &error);
}

static enum result get(const char *path)
{
	struct http_request request = request_for("GET", path);
	return send_request(&request);
}

static void an_answer_of_any_status_is_an_answer(void **state)
{
	(void)state;
	assert_int_equal(get("/unavailable"), RESULT_OK);
	assert_int_equal(response.status, 503);
	assert_int_equal(response.failure, HTTP_FAILURE_NONE);
	assert_string_equal(response.body, "busy");
	assert_int_equal(response.body_length, 4);
	assert_int_equal(response.http_version, 1);
	assert_string_equal(http_response_header(&response, "RETRY-after"), "7");
	assert_string_equal(response.headers[0].name, "retry-after");
	assert_null(http_response_header(&response, "retry"));
	assert_int_equal(get("/empty"), RESULT_OK);
	assert_int_equal(response.status, 204);
	assert_string_equal(response.body, "");
}

static void what_is_sent_is_what_the_caller_said_and_nothing_of_libcurls_own(void **state)
{
	(void)state;
	static const struct http_header headers[] = {
	    {"Authorization", "Bearer t"}, {"X-Empty", ""}, {"Accept", "application/json"}};
	struct http_request request = request_for("PATCH", "/echo");
	request.headers = headers;
	request.header_count = 3;
	request.body = "{\"a\":1}";
	request.body_length = 7;
	assert_int_equal(send_request(&request), RESULT_OK);
	assert_ptr_equal(strstr(response.body, "PATCH /echo HTTP/1.1\r\n"), response.body);
	assert_non_null(strstr(response.body, "\r\nAuthorization: Bearer t\r\n"));
	assert_non_null(strstr(response.body, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(response.body, "\r\nUser-Agent: test-agent\r\n"));
	assert_non_null(strstr(response.body, "\r\nAccept-Encoding: gzip\r\n"));
	assert_non_null(strstr(response.body, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(response.body, "\r\n\r\n{\"a\":1}"));
	assert_null(strcasestr(response.body, "expect:"));
	assert_null(strcasestr(response.body, "content-type:"));
	assert_string_equal(http_response_header(&response, "x-mixed-case"), "kept As Is");
}

static void every_method_arrives_as_itself(void **state)
{
	(void)state;
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	for (size_t i = 0; i < 6; i++) {
		for (int with_body = 0; with_body < 2; with_body++) {
			struct http_request request = request_for(methods[i], "/echo");
			request.body = with_body ? "body" : NULL;
			request.body_length = with_body ? 4 : 0;
			assert_int_equal(send_request(&request), RESULT_OK);
			size_t length = strlen(methods[i]);
			assert_memory_equal(response.body, methods[i], length);
			assert_memory_equal(response.body + length, " /echo ", 7);
			assert_int_equal(strstr(response.body, "\r\n\r\nbody") != NULL, with_body);
		}
	}
	struct http_request head = request_for("HEAD", "/hang-in-body");
	assert_int_equal(send_request(&head), RESULT_OK);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.body_length, 0);
}

static void a_path_is_sent_verbatim(void **state)
{
	(void)state;
	assert_int_equal(get("/groups/../members/a%2Fb%23c/./$ref?$skiptoken=X%27'~"), RESULT_OK);
	assert_int_equal(response.status, 404);
	assert_string_equal(response.body, "/groups/../members/a%2Fb%23c/./$ref?$skiptoken=X%27'~");
}

static void a_large_body_arrives_whole(void **state)
{
	(void)state;
	static char body[200000];
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)('a' + i % 26);
	struct http_request request = request_for("POST", "/echo");
	request.body = body;
	request.body_length = sizeof(body);
	request.max_response_bytes = 300000;
	assert_int_equal(send_request(&request), RESULT_OK);
	assert_true(response.body_length > sizeof(body));
	assert_memory_equal(response.body + response.body_length - sizeof(body), body, sizeof(body));
}

static void chunks_interim_answers_and_compression_are_undone(void **state)
{
	(void)state;
	assert_int_equal(get("/chunked"), RESULT_OK);
	assert_string_equal(response.body, "hello world");
	assert_null(http_response_header(&response, "trailer"));
	assert_int_equal(get("/interim"), RESULT_OK);
	assert_int_equal(response.status, 200);
	assert_string_equal(response.body, "done");
	assert_null(http_response_header(&response, "link"));
	assert_int_equal(get("/gzip"), RESULT_OK);
	assert_string_equal(response.body, "hello");
}

static void a_redirect_is_an_answer_and_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(get("/redirect"), RESULT_OK);
	assert_int_equal(response.status, 302);
	assert_string_equal(http_response_header(&response, "location"), "/echo");
	assert_int_equal(server.requests, 1);
}

static void assert_failed(enum result result, enum result expected, enum http_failure failure, bool maybe_sent)
{
	assert_int_equal(result, expected);
	assert_int_equal(error.result, expected);
	assert_int_equal(response.failure, failure);
	assert_int_equal(response.maybe_sent, maybe_sent);
	assert_int_equal(response.status, 0);
	assert_null(response.body);
	assert_true(strlen(error.detail) > 20);
	assert_null(strstr(error.detail, "secret"));
}

static void a_flood_is_stopped_at_the_callers_limit(void **state)
{
	(void)state;
	assert_failed(get("/large"), RESULT_TOO_LARGE, HTTP_FAILURE_TOO_LARGE, true);
	assert_failed(get("/many-headers"), RESULT_TOO_LARGE, HTTP_FAILURE_TOO_LARGE, true);
	struct http_request request = request_for("GET", "/gzip"); /* the limit counts what was unpacked */
	request.max_response_bytes = 4;
	assert_failed(send_request(&request), RESULT_TOO_LARGE, HTTP_FAILURE_TOO_LARGE, true);
	request.max_response_bytes = 5;
	assert_int_equal(send_request(&request), RESULT_OK);
}

struct taken {
	size_t length, calls, limit;
};

static bool take(void *context, const void *bytes, size_t length)
{
	struct taken *taken = context;
	(void)bytes;
	taken->length += length;
	taken->calls++;
	return taken->length <= taken->limit;
}

static void a_body_that_is_handed_on_is_not_kept_and_a_problem_is(void **state)
{
	(void)state;
	struct taken taken = {.limit = SIZE_MAX};
	struct http_request request = request_for("GET", "/large");
	request.take = take;
	request.take_context = &taken;
	assert_int_equal(send_request(&request), RESULT_OK); /* beyond max_response_bytes, which is about what is kept */
	assert_int_equal(response.body_length, 0);
	assert_true(taken.length > request.max_response_bytes && taken.calls > 1);
	request = request_for("GET", "/unavailable");
	request.take = take;
	request.take_context = &taken;
	taken = (struct taken){.limit = SIZE_MAX};
	assert_int_equal(send_request(&request), RESULT_OK);
	assert_string_equal(response.body, "busy");
	assert_int_equal(taken.calls, 0);
}

static void whoever_cannot_take_more_ends_the_exchange(void **state)
{
	(void)state;
	struct taken taken = {.limit = 10};
	struct http_request request = request_for("GET", "/echo");
	request.take = take;
	request.take_context = &taken;
	assert_int_equal(send_request(&request), RESULT_UNAVAILABLE);
	assert_int_equal(response.failure, HTTP_FAILURE_CANCELLED);
	assert_int_equal(taken.calls, 1);
}

static void an_answer_that_is_cut_is_never_taken_for_whole(void **state)
{
	(void)state;
	static const char *const paths[] = {"/cut", "/reset", "/silent"};
	for (size_t i = 0; i < 3; i++)
		assert_failed(get(paths[i]), RESULT_UNAVAILABLE, HTTP_FAILURE_RESET, true);
	assert_true(error.retryable);
}

static void an_answer_that_is_not_http_is_told(void **state)
{
	(void)state;
	assert_failed(get("/garbage"), RESULT_PROTOCOL, HTTP_FAILURE_OTHER, true);
	assert_false(error.retryable);
}

static void a_server_that_hangs_costs_its_timeout_only(void **state)
{
	(void)state;
	struct http_request request = request_for("GET", "/hang");
	request.timeout_ms = 50;
	assert_failed(send_request(&request), RESULT_TIMEOUT, HTTP_FAILURE_TIMEOUT, true);
	assert_true(error.retryable);
	request = request_for("GET", "/hang-in-body");
	request.timeout_ms = 50;
	assert_failed(send_request(&request), RESULT_TIMEOUT, HTTP_FAILURE_TIMEOUT, true);
}

static void nothing_is_sent_where_nothing_may_go(void **state)
{
	(void)state;
	static const char *const urls[] = {"http://example.com/secret",
	                                   "ftp://127.0.0.1/secret",
	                                   "https://u:secret@127.0.0.1/",
	                                   "https://127.0.0.1/a#secret",
	                                   "",
	                                   "file:///secret"};
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		struct http_request request = request_for("GET", "/");
		request.url = urls[i];
		assert_failed(send_request(&request), RESULT_DENIED, HTTP_FAILURE_REFUSED_URL, false);
	}
}

static void a_header_cannot_smuggle_a_second_one(void **state)
{
	(void)state;
	static const struct http_header bad[] = {
	    {"X-A", "1\r\nX-B: 2"}, {"X A", "1"}, {"X-A:", "1"}, {"", "1"}, {"X-A\n", "1"}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct http_request request = request_for("GET", "/echo");
		request.headers = &bad[i];
		request.header_count = 1;
		assert_failed(send_request(&request), RESULT_INVALID, HTTP_FAILURE_OTHER, false);
	}
	struct http_request request = request_for("GET /x HTTP/1.1\r\nA:", "/echo");
	assert_failed(send_request(&request), RESULT_INVALID, HTTP_FAILURE_OTHER, false);
	assert_int_equal(server.requests, 0);
}

static void nobody_listening_and_unknown_names_are_certainly_not_sent(void **state)
{
	(void)state;
	int listener = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: refuses */
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	struct http_request request = request_for("POST", "/");
	request.url = arena_printf(arena, "http://127.0.0.1:%d/secret", ntohs(address.sin_port));
	assert_failed(send_request(&request), RESULT_UNAVAILABLE, HTTP_FAILURE_CONNECT, false);
	close(listener);

	request.url = "https://no-such-host.invalid/secret";
	assert_failed(send_request(&request), RESULT_UNAVAILABLE, HTTP_FAILURE_RESOLVE, false);

	request.url = "http://localhost/secret";
	request.unix_socket = "/nonexistent/socket";
	assert_failed(send_request(&request), RESULT_UNAVAILABLE, HTTP_FAILURE_CONNECT, false);
}

static void a_post_is_never_sent_twice_behind_its_callers_back(void **state)
{
	(void)state;
	assert_int_equal(get("/once-a-connection"), RESULT_OK);
	struct http_request request = request_for("POST", "/once-a-connection");
	request.body = "create a group";
	request.body_length = 14;
	assert_failed(send_request(&request), RESULT_UNAVAILABLE, HTTP_FAILURE_RESET, true);
	assert_int_equal(server.posts, 1);

	assert_int_equal(get("/once-a-connection"), RESULT_OK);
	request.body_length = 0;
	assert_int_equal(send_request(&request), RESULT_OK); /* on a connection of its own */
	assert_int_equal(server.posts, 2);

	assert_int_equal(get("/once-a-connection"), RESULT_OK); /* a GET may be repeated, and is */
	assert_int_equal(get("/once-a-connection"), RESULT_OK);
}

static void a_connection_is_used_again(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(get("/echo"), RESULT_OK);
	assert_int_equal(server.connections, 1);
}

#define MANY 100

static void many_in_parallel_each_get_their_own_answer(void **state)
{
	(void)state;
	static struct http_request requests[MANY];
	static struct http_response responses[MANY];
	static enum result results[MANY];
	for (int i = 0; i < MANY; i++)
		requests[i] = request_for("GET", i % 10 == 3 ? "/silent" : arena_printf(arena, "/item/%d", i));
	requests[50].url = "http://example.com/";
	assert_int_equal(http_client_perform_all(client, requests, MANY, arena, responses, results, NULL), RESULT_OK);
	for (int i = 0; i < MANY; i++) {
		if (i == 50) {
			assert_int_equal(results[i], RESULT_DENIED);
		} else if (i % 10 == 3) {
			assert_int_equal(results[i], RESULT_UNAVAILABLE);
			assert_int_equal(responses[i].failure, HTTP_FAILURE_RESET);
		} else {
			assert_int_equal(results[i], RESULT_OK);
			assert_string_equal(responses[i].body, strstr(requests[i].url, "/item"));
		}
	}
	assert_int_equal(http_client_perform_all(client, NULL, 0, arena, NULL, NULL, NULL), RESULT_OK);
}

static void *get_many(void *data)
{
	(void)data;
	_cleanup_(arena_freep) struct arena *own = arena_new(1 << 20);
	char url[64], expected[32];
	intptr_t wrong = 0;
	for (int i = 0; i < 50; i++) {
		snprintf(expected, sizeof(expected), "/t/%d", i);
		snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, expected);
		struct http_request request = {
		    .method = "GET", .url = url, .timeout_ms = GENEROUS_MS, .max_response_bytes = 1000};
		struct http_response own_response;
		if (http_client_perform(client, &request, own, &own_response, NULL) != RESULT_OK ||
		    strcmp(own_response.body, expected) != 0)
			wrong++;
	}
	return (void *)wrong;
}

static void threads_share_the_client(void **state)
{
	(void)state;
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_many, NULL), 0);
	for (int i = 0; i < 8; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	assert_true(server.connections <= 16);
}

struct hanging {
	struct http_request request;
	struct http_response response;
	enum result result;
};

static void *hang(void *data)
{
	struct hanging *hanging = data;
	_cleanup_(arena_freep) struct arena *own = arena_new(1 << 20);
	hanging->result = http_client_perform(client, &hanging->request, own, &hanging->response, NULL);
	return NULL;
}

static void freeing_the_client_releases_everybody_who_waits(void **state)
{
	(void)state;
	pthread_t threads[8];
	struct hanging hanging[8];
	for (int i = 0; i < 8; i++) {
		hanging[i].request = request_for("GET", "/hang");
		hanging[i].request.timeout_ms = 600000;
		assert_int_equal(pthread_create(&threads[i], NULL, hang, &hanging[i]), 0);
	}
	while (server.hanging < 8)
		sched_yield();
	http_client_free(client);
	client = NULL;
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(hanging[i].result, RESULT_UNAVAILABLE);
		assert_int_equal(hanging[i].response.failure, HTTP_FAILURE_CANCELLED);
		assert_true(hanging[i].response.maybe_sent);
	}
}

static void the_environment_cannot_name_a_proxy(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	enum result result = get("/echo");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(result, RESULT_OK);
}

static void a_full_arena_is_told(void **state)
{
	(void)state;
	_cleanup_(arena_freep) struct arena *tiny = arena_new(64);
	struct http_request request = request_for("GET", "/echo");
	assert_int_equal(http_client_perform(client, &request, tiny, &response, &error), RESULT_NO_MEMORY);
	assert_true(response.maybe_sent);
	assert_int_equal(response.status, 0);
}

static void running_out_of_memory_in_the_callers_thread_is_told_and_leaks_nothing(void **state)
{
	(void)state;
	uint64_t nth = 1;
	for (;; nth++) {
		struct http_request request = request_for("GET", "/echo");
		memory_fail_nth(nth);
		enum result result = send_request(&request);
		if (result == RESULT_OK)
			break;
		assert_int_equal(result, RESULT_NO_MEMORY);
	}
	memory_fail_nth(0);
	assert_true(nth > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_answer_of_any_status_is_an_answer, start, stop),
	    cmocka_unit_test_setup_teardown(what_is_sent_is_what_the_caller_said_and_nothing_of_libcurls_own, start, stop),
	    cmocka_unit_test_setup_teardown(every_method_arrives_as_itself, start, stop),
	    cmocka_unit_test_setup_teardown(a_path_is_sent_verbatim, start, stop),
	    cmocka_unit_test_setup_teardown(a_large_body_arrives_whole, start, stop),
	    cmocka_unit_test_setup_teardown(chunks_interim_answers_and_compression_are_undone, start, stop),
	    cmocka_unit_test_setup_teardown(a_redirect_is_an_answer_and_is_not_followed, start, stop),
	    cmocka_unit_test_setup_teardown(a_flood_is_stopped_at_the_callers_limit, start, stop),
	    cmocka_unit_test_setup_teardown(a_body_that_is_handed_on_is_not_kept_and_a_problem_is, start, stop),
	    cmocka_unit_test_setup_teardown(whoever_cannot_take_more_ends_the_exchange, start, stop),
	    cmocka_unit_test_setup_teardown(an_answer_that_is_cut_is_never_taken_for_whole, start, stop),
	    cmocka_unit_test_setup_teardown(an_answer_that_is_not_http_is_told, start, stop),
	    cmocka_unit_test_setup_teardown(a_server_that_hangs_costs_its_timeout_only, start, stop),
	    cmocka_unit_test_setup_teardown(nothing_is_sent_where_nothing_may_go, start, stop),
	    cmocka_unit_test_setup_teardown(a_header_cannot_smuggle_a_second_one, start, stop),
	    cmocka_unit_test_setup_teardown(nobody_listening_and_unknown_names_are_certainly_not_sent, start, stop),
	    cmocka_unit_test_setup_teardown(a_post_is_never_sent_twice_behind_its_callers_back, start, stop),
	    cmocka_unit_test_setup_teardown(a_connection_is_used_again, start, stop),
	    cmocka_unit_test_setup_teardown(many_in_parallel_each_get_their_own_answer, start, stop),
	    cmocka_unit_test_setup_teardown(threads_share_the_client, start, stop),
	    cmocka_unit_test_setup_teardown(freeing_the_client_releases_everybody_who_waits, start, stop),
	    cmocka_unit_test_setup_teardown(the_environment_cannot_name_a_proxy, start, stop),
	    cmocka_unit_test_setup_teardown(a_full_arena_is_told, start, stop),
	    cmocka_unit_test_setup_teardown(running_out_of_memory_in_the_callers_thread_is_told_and_leaks_nothing, start,
	                                    stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
