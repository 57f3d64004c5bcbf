/* The HTTP server: libmicrohttpd with a thread for every connection, because a sandbox must be able to be slow, to hang
 * and to break off without holding up anybody else. It carries requests to a handler and replies back, and acts out the
 * faults that concern the wire. */
#include "web.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "control.h"
#include "faults.h"
#include "request_log.h"

#define BODY_CEILING (8u << 20)
#define ARENA_CEILING (64u << 20)

struct web {
	struct sandbox *sandbox;
	const char *name;
	web_handler *handler;
	bool tls;
	struct MHD_Daemon *daemon;
};

struct exchange {
	char *target;
	struct text body;
	bool started;
	bool too_large;
};

static void *exchange_begin(void *closure, const char *uri, struct MHD_Connection *connection)
{
	(void)closure;
	(void)connection;
	struct exchange *exchange = memory_calloc(1, sizeof(*exchange));
	if (!exchange)
		return NULL;
	exchange->target = memory_strdup(uri);
	exchange->body = TEXT_INIT(BODY_CEILING);
	return exchange;
}

static void exchange_end(void *closure, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
	(void)closure;
	(void)connection;
	(void)code;
	struct exchange *exchange = *state;
	if (!exchange)
		return;
	memory_free(exchange->target);
	text_done(&exchange->body);
	memory_free(exchange);
	*state = NULL;
}

static enum MHD_Result header_collect(void *closure, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	json_t *headers = closure;
	char lower[128];
	size_t i = 0;
	for (; name[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[i] = '\0';
	if (value)
		json_object_set_new(headers, lower, json_string(value));
	return MHD_YES;
}

struct truncated {
	size_t sent;
	size_t length;
	char bytes[];
};

static ssize_t truncated_read(void *closure, uint64_t position, char *out, size_t max)
{
	struct truncated *truncated = closure;
	(void)position;
	size_t left = truncated->length / 2 - truncated->sent;
	if (left == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left > max)
		left = max;
	memcpy(out, truncated->bytes + truncated->sent, left);
	truncated->sent += left;
	return (ssize_t)left;
}

static void truncated_free(void *closure)
{
	memory_free(closure);
}

static struct MHD_Response *response_make(const struct reply *reply, const char *text)
{
	size_t length = strlen(text);
	if (reply->transport != REPLY_TRUNCATED)
		return MHD_create_response_from_buffer(length, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	struct truncated *truncated = memory_calloc(1, sizeof(*truncated) + length + 1);
	if (!truncated)
		return NULL;
	truncated->length = length;
	memcpy(truncated->bytes, text, length);
	return MHD_create_response_from_callback(length, 4096, truncated_read, truncated, truncated_free);
}

static enum MHD_Result connection_reset(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct linger linger = {.l_onoff = 1, .l_linger = 0};
	if (info)
		setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return MHD_NO;
}

static enum MHD_Result reply_send(struct MHD_Connection *connection, struct request *request, struct reply *reply)
{
	if (reply->transport == REPLY_RESET)
		return connection_reset(connection);
	const char *text = reply->json ? json_write(request->arena, reply->json) : reply->text;
	const char *type = reply->json ? "application/json; charset=utf-8" : reply->content_type;
	struct MHD_Response *response = response_make(reply, text ? text : "");
	if (!response)
		return MHD_NO;
	const char *name;
	json_t *value;
	if (type && !json_object_get(reply->headers, "Content-Type"))
		MHD_add_response_header(response, "Content-Type", type);
	json_object_foreach(reply->headers, name, value) MHD_add_response_header(response, name, json_string_value(value));
	enum MHD_Result result = MHD_queue_response(connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return result;
}

/* Control and pages are exempt from faults: they are how a test looks at what a fault has done. */
static bool request_takes_faults(const struct web *web, const struct request *request)
{
	const char *first = request->segments > 0 ? request->segment[0] : "";
	if (text_equal(web->name, "entra"))
		return !text_equal(first, "control") && !text_equal(first, "page") && !text_equal(first, "assets") && *first;
	return text_equal(first, "rest") || text_equal(first, "ex") || text_equal(first, "oauth");
}

static void request_serve(struct web *web, struct request *request, struct reply *reply)
{
	struct sandbox *sandbox = web->sandbox;
	bool api = request_takes_faults(web, request);
	struct fault fault = {0};
	pthread_mutex_lock(&sandbox->lock);
	request->received_ms = sandbox_now_ms(sandbox);
	if (api)
		fault = faults_take(sandbox, web->name, request->method, request->path);
	pthread_mutex_unlock(&sandbox->lock);
	if (fault.wait_ms > 0)
		sandbox_wait(sandbox, fault.wait_ms);
	pthread_mutex_lock(&sandbox->lock);
	if (!fault.action || fault.applies) {
		if (request->segments > 0 && text_equal(request->segment[0], "control"))
			control_handle(sandbox, request, reply);
		else
			web->handler(sandbox, request, reply);
	}
	faults_act(&fault, reply);
	if (api)
		request_log_add(sandbox, web->name, request, reply);
	pthread_mutex_unlock(&sandbox->lock);
	if (fault.hang_ms > 0)
		sandbox_wait(sandbox, fault.hang_ms);
	fault_done(&fault);
}

static enum MHD_Result exchange_answer(struct web *web, struct MHD_Connection *connection, const char *method,
                                       struct exchange *exchange)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(ARENA_CEILING);
	_cleanup_(json_decrefp) json_t *headers = json_object();
	struct request request = {.arena = arena, .method = method, .headers = headers};
	struct reply reply = {.status = 500};
	if (!arena)
		return MHD_NO;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, header_collect, headers);
	const char *host = request_header(&request, "host");
	request.origin = arena_printf(arena, "%s://%s", web->tls ? "https" : "http", host ? host : "localhost");
	request.body = exchange->body.data ? exchange->body.data : "";
	request.length = exchange->body.length;
	if (exchange->too_large)
		reply_text(&reply, 413, "text/plain", "Request body too large.");
	else if (!exchange->target || !request_read_target(&request, exchange->target))
		reply_text(&reply, 400, "text/plain", "Malformed request target.");
	else
		request_serve(web, &request, &reply);
	enum MHD_Result result = reply_send(connection, &request, &reply);
	request_done(&request);
	reply_done(&reply);
	return result;
}

static enum MHD_Result web_access(void *closure, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **state)
{
	struct exchange *exchange = *state;
	(void)url;
	(void)version;
	if (!exchange)
		return MHD_NO;
	if (!exchange->started) {
		exchange->started = true;
		return MHD_YES;
	}
	if (*size > 0) {
		if (exchange->body.length + *size > BODY_CEILING)
			exchange->too_large = true;
		else
			text_append_bytes(&exchange->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	return exchange_answer(closure, connection, method, exchange);
}

struct web *web_start(struct sandbox *sandbox, const char *name, web_handler *handler, uint16_t port,
                      const char *certificate, const char *key)
{
	struct web *web = memory_calloc(1, sizeof(*web));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	if (!web)
		return NULL;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*web = (struct web){.sandbox = sandbox, .name = name, .handler = handler, .tls = certificate != NULL};
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
	                               {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate},
	                               {MHD_OPTION_END, 0, NULL}};
	if (!certificate)
		tls[0] = tls[2];
	else
		flags |= MHD_USE_TLS;
	web->daemon =
	    MHD_start_daemon(flags, port, NULL, NULL, web_access, web, MHD_OPTION_SOCK_ADDR, &address,
	                     MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, exchange_end,
	                     NULL, MHD_OPTION_CONNECTION_LIMIT, 1000u, MHD_OPTION_CONNECTION_TIMEOUT, 120u,
	                     MHD_OPTION_THREAD_STACK_SIZE, (size_t)(512 * 1024), MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (!web->daemon) {
		memory_free(web);
		return NULL;
	}
	return web;
}

uint16_t web_port(const struct web *web)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT);
	return info ? info->port : 0;
}

void web_stop(struct web *web)
{
	if (!web)
		return;
	MHD_stop_daemon(web->daemon);
	memory_free(web);
}
