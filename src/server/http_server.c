/* The one file that knows libmicrohttpd.
 *
 * Its pool of four threads reads requests and writes answers, and must never wait for anything else: one slow handler
 * would stall every connection of its thread. So when a request is whole, its connection is suspended and the exchange
 * handed to a handler pool of ours; when the answer is ready the connection is resumed, and the same callback, called
 * again, queues it. An exchange therefore has one owner at a time:
 *
 *   collecting (MHD's thread) -> running (a handler thread, or the parking) -> ready (MHD's thread) -> completed
 *
 * and MHD cannot end a suspended connection under us. A streamed answer goes the same way for each of its pieces.
 * Before the daemon is stopped, every suspended connection has been resumed. */
#include "server/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json.h"
#include "base/text.h"
#include "server/api_call.h"
#include "server/handler_pool.h"
#include "server/listen_socket.h"
#include "server/parking.h"
#include "server/pem_file.h"
#include "server/problem.h"
#include "server/router.h"

#define SERVER_MHD_THREADS 4
/* They wait for the disk, and those that wait together share one commit. */
#define SERVER_QUICK_THREADS 32
#define SERVER_WAITING_THREADS 8
#define SERVER_QUICK_QUEUE 4096
#define SERVER_WAITING_QUEUE 32
#define SERVER_CONNECTIONS 1024
#define SERVER_IDLE_SECONDS 60
#define SERVER_STOP_MS 5000
#define EXCHANGE_REQUEST_CEILING (1 << 20)
#define EXCHANGE_ARENA_CEILING (16 << 20)
#define EXCHANGE_PIECE_CEILING (8 << 20)
#define EXCHANGE_BODY_LIMIT (64 << 10) /* where no route answers */
/* A body over its limit is thrown away as it comes, so that the sender sees the 413; one that says beforehand that it
 * is over it by more than the first of these is refused before it comes, one that says nothing is cut off at the
 * second. */
#define EXCHANGE_DRAIN_MAX (8 << 20)
#define EXCHANGE_CUT_OFF (64 << 20)

struct server {
	struct api_context context;
	struct listen_socket socket;
	struct MHD_Daemon *daemon;
	struct handler_pool *quick;
	struct handler_pool *waiting;
	struct parking *parking;
	struct MHD_Response *last_resort;
	char *tls_cert;
	char *tls_key;
	_Atomic int exchanges;
};

/* A large body is first asked about (ADMITTING), and collected once it is known who sends it (ADMITTED). */
enum exchange_state { EXCHANGE_COLLECTING, EXCHANGE_ADMITTING, EXCHANGE_ADMITTED, EXCHANGE_RUNNING, EXCHANGE_READY };

struct exchange {
	struct handler_work work; /* first */
	struct parked parked;
	struct server *server;
	struct MHD_Connection *connection;
	enum exchange_state state;
	struct handler_pool *pool;
	bool asks_first; /* before the body comes */
	struct text body;
	uint64_t body_seen;
	uint64_t generation;
	struct text piece; /* of a streamed answer */
	size_t piece_at;
	bool stream_ended;
	bool stream_failed;
	struct api_call call;
};

/* ---- running ---- */

static void exchange_resume(struct exchange *exchange)
{
	exchange->state = EXCHANGE_READY;
	MHD_resume_connection(exchange->connection);
}

static void exchange_unavailable(struct exchange *exchange)
{
	struct api_call *call = &exchange->call;
	api_call_done(call);
	call->status = 503;
	call->content_type = "application/problem+json";
	call->answer = PROBLEM_LAST_RESORT;
	call->answer_length = sizeof PROBLEM_LAST_RESORT - 1;
	call->answer_header_count = 0;
	call_answer_header(call, "Retry-After", "5");
}

static void exchange_park(struct exchange *exchange)
{
	const struct api_call *call = &exchange->call;
	arena_reset(call->arena);
	/* Counted once, at the first parking, and on this machine's own clock: it is a person's patience that is measured.
	 */
	if (exchange->parked.until_ms == 0) {
		int64_t left = call->wait_until_ms - clock_monotonic_ms(call->context->options.clock);
		exchange->parked.until_ms = clock_monotonic_ms(clock_system()) + left;
	}
	parking_add(exchange->server->parking, &exchange->parked, exchange->generation);
}

static void exchange_run(struct handler_work *work)
{
	struct exchange *exchange = (struct exchange *)work;
	exchange->generation = parking_generation(exchange->server->parking);
	if (atomic_load(&exchange->server->context.stopping))
		exchange->call.wait_over = true;
	router_run(&exchange->call);
	if (exchange->call.park)
		exchange_park(exchange);
	else
		exchange_resume(exchange);
}

static void exchange_leave_parking(struct parked *parked, bool over)
{
	struct exchange *exchange = (struct exchange *)((char *)parked - offsetof(struct exchange, parked));
	exchange->call.wait_over = over;
	exchange->work.run = exchange_run;
	if (handler_pool_submit(exchange->server->quick, &exchange->work))
		return;
	exchange_unavailable(exchange);
	exchange_resume(exchange);
}

static void exchange_submit(struct exchange *exchange)
{
	struct api_call *call = &exchange->call;
	call->body = exchange->body.data;
	call->body_length = exchange->body.length;
	exchange->state = EXCHANGE_RUNNING;
	exchange->work.run = exchange_run;
	MHD_suspend_connection(exchange->connection);
	if (handler_pool_submit(exchange->pool, &exchange->work))
		return;
	exchange_unavailable(exchange);
	exchange_resume(exchange);
}

static void exchange_admit(struct handler_work *work)
{
	struct exchange *exchange = (struct exchange *)work;
	router_admit(&exchange->call);
	exchange->state = EXCHANGE_ADMITTED;
	MHD_resume_connection(exchange->connection);
}

static void exchange_ask(struct exchange *exchange)
{
	exchange->state = EXCHANGE_ADMITTING;
	exchange->work.run = exchange_admit;
	MHD_suspend_connection(exchange->connection);
	if (handler_pool_submit(exchange->server->quick, &exchange->work))
		return;
	exchange_unavailable(exchange);
	exchange->state = EXCHANGE_ADMITTED;
	MHD_resume_connection(exchange->connection);
}

/* ---- answering ---- */

static void exchange_fill(struct handler_work *work)
{
	struct exchange *exchange = (struct exchange *)work;
	struct api_call *call = &exchange->call;
	text_done(&exchange->piece);
	exchange->piece = TEXT_INIT(EXCHANGE_PIECE_CEILING);
	exchange->piece_at = 0;
	exchange->stream_failed = call->stream->fill(call, &exchange->piece) != RESULT_OK;
	exchange->stream_ended = exchange->piece.length == 0;
	arena_reset(call->arena);
	MHD_resume_connection(exchange->connection);
}

static ssize_t exchange_read(void *context, uint64_t position, char *buffer, size_t size)
{
	struct exchange *exchange = context;
	(void)position;
	if (exchange->stream_failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t left = exchange->piece.length - exchange->piece_at;
	if (left > 0) {
		size_t count = left < size ? left : size;
		memcpy(buffer, exchange->piece.data + exchange->piece_at, count);
		exchange->piece_at += count;
		return (ssize_t)count;
	}
	if (exchange->stream_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	exchange->work.run = exchange_fill;
	MHD_suspend_connection(exchange->connection);
	if (!handler_pool_submit(exchange->server->quick, &exchange->work)) {
		exchange->stream_failed = true;
		MHD_resume_connection(exchange->connection);
	}
	return 0;
}

static void exchange_headers(const struct api_call *call, struct MHD_Response *response)
{
	static const struct call_argument always[] = {
	    {"Cache-Control", "no-store"},
	    {"X-Content-Type-Options", "nosniff"},
	    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	    {"Referrer-Policy", "no-referrer"},
	    {"X-Frame-Options", "DENY"},
	    {"Cross-Origin-Resource-Policy", "same-origin"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		MHD_add_response_header(response, always[i].name, always[i].value);
	if (call->content_type != NULL)
		MHD_add_response_header(response, "Content-Type", call->content_type);
	for (size_t i = 0; i < call->answer_header_count; i++)
		MHD_add_response_header(response, call->answer_headers[i].name, call->answer_headers[i].value);
}

static enum MHD_Result exchange_answer(struct exchange *exchange)
{
	struct api_call *call = &exchange->call;
	struct MHD_Response *response;
	if (call->stream != NULL)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 << 10, exchange_read, exchange, NULL);
	else /* lives in the exchange's arena, which outlives the answer */
		response = MHD_create_response_from_buffer(call->answer_length, (void *)call->answer, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_queue_response(exchange->connection, 503, exchange->server->last_resort);
	exchange_headers(call, response);
	enum MHD_Result queued = MHD_queue_response(exchange->connection, (unsigned)call->status, response);
	MHD_destroy_response(response);
	return queued;
}

/* ---- reading ---- */

static enum MHD_Result exchange_take_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	static const struct {
		const char *name;
		size_t at;
	} known[] = {
	    {"Authorization", offsetof(struct call_headers, authorization)},
	    {"Content-Type", offsetof(struct call_headers, content_type)},
	    {"If-Match", offsetof(struct call_headers, if_match)},
	    {"Idempotency-Key", offsetof(struct call_headers, idempotency_key)},
	    {"X-Hub-Signature", offsetof(struct call_headers, hub_signature)},
	    {"X-Atlassian-Webhook-Identifier", offsetof(struct call_headers, webhook_identifier)},
	    {"X-AIClearance-Token", offsetof(struct call_headers, automation_token)},
	};
	struct exchange *exchange = context;
	(void)kind;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcasecmp(name, known[i].name) != 0)
			continue;
		const char **slot = (const char **)((char *)&exchange->call.headers + known[i].at);
		const char *joined = value != NULL ? value : "";
		if (*slot != NULL)
			joined = arena_printf(exchange->call.request_arena, "%s, %s", *slot, joined);
		/* Without memory to join them the header is as good as malformed. */
		*slot = joined != NULL ? joined : ",";
	}
	return MHD_YES;
}

static enum MHD_Result exchange_take_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                              const char *value)
{
	struct api_call *call = &((struct exchange *)context)->call;
	(void)kind;
	if (call->argument_count < CALL_ARGUMENTS_MAX)
		call->arguments[call->argument_count] = (struct call_argument){name, value != NULL ? value : ""};
	if (call->argument_count <= CALL_ARGUMENTS_MAX)
		call->argument_count++;
	return MHD_YES;
}

static void exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	atomic_fetch_sub(&exchange->server->exchanges, 1);
	router_leave(&exchange->call);
	if (exchange->call.stream != NULL && exchange->call.stream->done != NULL)
		exchange->call.stream->done(&exchange->call);
	api_call_done(&exchange->call);
	text_done(&exchange->body);
	text_done(&exchange->piece);
	arena_free(exchange->call.arena);
	arena_free(exchange->call.request_arena);
	memory_free(exchange);
}

static struct exchange *exchange_new(struct server *server, struct MHD_Connection *connection, const char *url,
                                     const char *method)
{
	struct route_match match;
	struct exchange *exchange = memory_calloc(1, sizeof *exchange);
	if (exchange == NULL)
		return NULL;
	atomic_fetch_add(&server->exchanges, 1);
	struct api_call *call = &exchange->call;
	exchange->server = server;
	exchange->connection = connection;
	exchange->parked.leave = exchange_leave_parking;
	call->context = &server->context;
	call->arrived_ms = clock_monotonic_ms(server->context.options.clock);
	call->request_arena = arena_new(EXCHANGE_REQUEST_CEILING);
	call->arena = arena_new(EXCHANGE_ARENA_CEILING);
	call->path = call->request_arena != NULL ? arena_strdup(call->request_arena, url) : NULL;
	call->method = call->path != NULL ? arena_strdup(call->request_arena, method) : NULL;
	if (call->arena == NULL || call->method == NULL ||
	    router_match(method, url, call->request_arena, &match) != RESULT_OK) {
		exchange_free(exchange);
		return NULL;
	}
	exchange->asks_first = match.route != NULL && (match.route->flags & ROUTE_CSV) != 0;
	bool waits = match.route != NULL && match.route->pool == ROUTE_WAITING;
	exchange->pool = waits ? server->waiting : server->quick;
	exchange->body = TEXT_INIT((match.route != NULL ? match.route->body_limit : EXCHANGE_BODY_LIMIT) + 1);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, exchange_take_header, exchange);
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, exchange_take_argument, exchange);
	return exchange;
}

/* The sender waits to be told before it sends the body; every other one listens when the last byte is out. */
static bool exchange_is_awaited(const struct exchange *exchange)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Expect") != NULL;
}

/* The sender has said how much is coming: refused before it comes if it is too much to be thrown away, or if the sender
 * waits to be told (Expect). */
static bool exchange_refused_early(const struct exchange *exchange)
{
	int64_t length;
	const char *announced = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Length");
	if (announced == NULL)
		return false;
	if (text_parse_int(announced, 0, INT64_MAX, &length) != RESULT_OK)
		return true;
	int64_t over = length - (int64_t)exchange->body.ceiling;
	if (over < 0)
		return false;
	return over > EXCHANGE_DRAIN_MAX || exchange_is_awaited(exchange);
}

static enum MHD_Result exchange_begin(struct server *server, struct MHD_Connection *connection, const char *url,
                                      const char *method, void **slot)
{
	struct exchange *exchange = exchange_new(server, connection, url, method);
	if (exchange == NULL)
		return MHD_queue_response(connection, 503, server->last_resort);
	*slot = exchange;
	if (!exchange_refused_early(exchange)) {
		if (exchange->asks_first)
			exchange_ask(exchange);
		return MHD_YES;
	}
	exchange->state = EXCHANGE_READY;
	if (call_refuse(&exchange->call, 413, "body_too_large", "The body may have at most %zu bytes.",
	                exchange->body.ceiling - 1) != RESULT_OK)
		exchange_unavailable(exchange);
	return exchange_answer(exchange);
}

static enum MHD_Result exchange_collect(struct exchange *exchange, const char *bytes, size_t *length)
{
	struct api_call *call = &exchange->call;
	exchange->body_seen += *length;
	if (exchange->body_seen >= exchange->body.ceiling)
		call->body_too_large = true;
	else if (exchange->state != EXCHANGE_READY) /* who was not let in is not kept */
		text_append_bytes(&exchange->body, bytes, *length);
	/* The library's buffer outlives the request; a client secret must not stay in it. What it gave us is ours. */
	memory_wipe((void *)bytes, *length);
	*length = 0;
	return exchange->body_seen > EXCHANGE_CUT_OFF ? MHD_NO : MHD_YES;
}

static enum MHD_Result server_access(void *context, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *upload, size_t *upload_size,
                                     void **slot)
{
	struct exchange *exchange = *slot;
	(void)version;
	if (exchange == NULL)
		return exchange_begin(context, connection, url, method, slot);
	if (exchange->state == EXCHANGE_ADMITTING)
		return MHD_YES;
	if (exchange->state == EXCHANGE_ADMITTED) {
		exchange->state = exchange->call.status != 0 ? EXCHANGE_READY : EXCHANGE_COLLECTING;
		if (*upload_size == 0)
			return exchange->state == EXCHANGE_READY && exchange_is_awaited(exchange) ? exchange_answer(exchange)
			                                                                          : MHD_YES;
	}
	if (*upload_size > 0)
		return exchange_collect(exchange, upload, upload_size);
	if (exchange->state == EXCHANGE_READY)
		return exchange_answer(exchange);
	if (exchange->state == EXCHANGE_RUNNING)
		return MHD_YES;
	if (text_failed(&exchange->body)) {
		exchange_unavailable(exchange);
		return exchange_answer(exchange);
	}
	exchange_submit(exchange);
	return MHD_YES;
}

static void server_completed(void *context, struct MHD_Connection *connection, void **slot,
                             enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)connection;
	(void)code;
	exchange_free(*slot);
	*slot = NULL;
}

/* Paths and arguments are decoded by the router, which can tell a bad one from a good one. */
static size_t server_leave_encoded(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static void server_ignore_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

/* ---- life
 * -------------------------------------------------------------------------------------------------------------------
 */

static enum result server_read_tls(struct server *server, struct error *error)
{
	const struct server_options *options = &server->context.options;
	if (options->tls_cert == NULL || options->tls_key == NULL)
		return RESULT_OK;
	enum result result = pem_file_read(options->tls_cert, &server->tls_cert, error);
	if (result == RESULT_OK)
		result = pem_file_read(options->tls_key, &server->tls_key, error);
	return result;
}

static enum result server_start_daemon(struct server *server, struct error *error)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls_cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls_key},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
	    {MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	bool secure = server->tls_cert != NULL;
	server->daemon = MHD_start_daemon(
	    flags | (secure ? MHD_USE_TLS : 0), 0, NULL, NULL, server_access, server, MHD_OPTION_EXTERNAL_LOGGER,
	    server_ignore_log, NULL, MHD_OPTION_LISTEN_SOCKET, server->socket.fd, MHD_OPTION_THREAD_POOL_SIZE,
	    (unsigned)SERVER_MHD_THREADS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, server_completed,
	    NULL, MHD_OPTION_UNESCAPE_CALLBACK, server_leave_encoded, NULL, MHD_OPTION_ARRAY, secure ? tls : none,
	    MHD_OPTION_END);
	if (server->daemon == NULL)
		return error_set(error, RESULT_IO, NULL, "The HTTP server did not start%s.",
		                 secure ? "; is the TLS certificate and key in PEM?" : "");
	return RESULT_OK;
}

static enum result server_start_parts(struct server *server, struct error *error)
{
	server->last_resort = MHD_create_response_from_buffer(sizeof PROBLEM_LAST_RESORT - 1, (void *)PROBLEM_LAST_RESORT,
	                                                      MHD_RESPMEM_PERSISTENT);
	if (server->last_resort == NULL ||
	    MHD_add_response_header(server->last_resort, "Content-Type", "application/problem+json") != MHD_YES)
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is no memory left.");
	enum result result = handler_pool_new(SERVER_QUICK_THREADS, SERVER_QUICK_QUEUE, &server->quick);
	if (result == RESULT_OK)
		result = handler_pool_new(SERVER_WAITING_THREADS, SERVER_WAITING_QUEUE, &server->waiting);
	if (result == RESULT_OK)
		result = parking_new(&server->parking);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "The server's threads did not start.");
	return server_start_daemon(server, error);
}

enum result server_start(const struct server_options *options, struct server **ret_server, struct error *error)
{
	struct server *server = memory_calloc(1, sizeof *server);
	if (server == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is no memory left.");
	server->socket.fd = -1;
	enum result result = api_context_init(&server->context, options, error);
	if (result == RESULT_OK)
		result = server_read_tls(server, error);
	if (result == RESULT_OK)
		result = listen_socket_open(options->listen, &server->socket, error);
	if (result == RESULT_OK)
		result = server_start_parts(server, error);
	if (result != RESULT_OK) {
		server_stop(server);
		return result;
	}
	*ret_server = server;
	return RESULT_OK;
}

int server_port(const struct server *server)
{
	return server->socket.port;
}

void server_wake(struct server *server)
{
	parking_wake(server->parking);
}

/* Answers that are being sent have a few seconds to leave. */
static void server_drain(struct server *server)
{
	for (int waited = 0; atomic_load(&server->exchanges) > 0 && waited < SERVER_STOP_MS; waited += 10)
		nanosleep(&(struct timespec){.tv_nsec = 10 * 1000000L}, NULL);
}

void server_stop(struct server *server)
{
	if (server == NULL)
		return;
	atomic_store(&server->context.stopping, true);
	if (server->daemon != NULL)
		MHD_quiesce_daemon(server->daemon);
	if (server->parking != NULL)
		parking_close(server->parking);
	if (server->daemon != NULL) {
		server_drain(server);
		/* Runs whatever is still queued, so that no connection stays suspended; a request that comes now is told 503.
		 */
		handler_pool_stop(server->waiting);
		handler_pool_stop(server->quick);
		MHD_stop_daemon(server->daemon);
	}
	handler_pool_free(server->waiting);
	handler_pool_free(server->quick);
	if (server->last_resort != NULL)
		MHD_destroy_response(server->last_resort);
	parking_free(server->parking);
	listen_socket_close(&server->socket);
	memory_free(server->tls_cert);
	memory_free(server->tls_key);
	memory_free(server);
}
