/* A tiny HTTP server on loopback that answers by rules, for the tests of the Entra connector: the first rule that fits
 * and still has uses answers. It keeps what it was asked. One request a connection; nothing in it knows the client's
 * code. */
#ifndef AIC_TESTS_CONNECTOR_FAKE_ENTRA_H
#define AIC_TESTS_CONNECTOR_FAKE_ENTRA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "connector/connector.h"

#define FAKE_TENANT "11111111-2222-3333-4444-555555555555"
#define FAKE_CLIENT "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define FAKE_GROUP "99999999-8888-7777-6666-555555555555"
#define FAKE_USER "12345678-1234-1234-1234-123456789012"
#define FAKE_APP_OBJECT "0a0a0a0a-1b1b-2c2c-3d3d-4e4e4e4e4e4e"
#define FAKE_SECRET "abc~+/=& %'\"secret"

struct fake_rule {
	const char *method;
	const char *path; /* a part of the path; NULL: any */
	int status;
	const char *body;
	const char *headers; /* "Name: value\r\n"…; NULL: none */
	int uses;            /* 0: for ever */
	int pause_ms;
	bool hang_up; /* closes without an answer */
	/* Writes the answer to a whole request: its body (malloc'ed), and another status or headers if it likes. */
	char *(*write)(struct fake_rule *rule, const char *request);
	void *context;
};

struct fake_asked {
	char method[8];
	char path[4096];
	char body[8192];
	char client_request_id[64];
	char authorization[8192];
};

struct fake_said {
	int status; /* 0: hangs up */
	const char *headers;
	char *body; /* freed */
};

struct fake_entra {
	/* Before any rule; false: the rules answer. */
	bool (*answer)(void *context, const char *method, const char *path, const char *body, struct fake_said *ret_said);
	void *context;
	int listener;
	int port;
	char origin[64];
	pthread_t thread;
	pthread_mutex_t lock;
	struct fake_rule rules[64];
	int used[64];
	size_t rule_count;
	struct fake_asked asked[64];
	size_t asked_count;
	_Atomic bool stopping;
	_Atomic int serving;
};

struct fake_call {
	struct fake_entra *fake;
	int socket;
};

static inline void fake_copy_header(const char *request, const char *name, char *out, size_t size)
{
	const char *at = strcasestr(request, name);
	if (at == NULL)
		return;
	at += strlen(name);
	size_t length = strcspn(at, "\r\n");
	snprintf(out, size, "%.*s", (int)length, at);
}

static inline size_t fake_receive(int client, char *buffer, size_t size)
{
	size_t length = 0;
	for (;;) {
		ssize_t got = recv(client, buffer + length, size - 1 - length, 0);
		if (got <= 0)
			return 0;
		length += (size_t)got;
		buffer[length] = '\0';
		char *end = strstr(buffer, "\r\n\r\n");
		if (end == NULL)
			continue;
		char *announced = strcasestr(buffer, "content-length:");
		size_t body = announced != NULL && announced < end ? (size_t)atol(announced + 15) : 0;
		if (length >= (size_t)(end + 4 - buffer) + body)
			return length;
	}
}

/* Returns the rule that fits, by value, with status 0 if none does. */
static inline struct fake_rule fake_note(struct fake_entra *fake, const char *request)
{
	struct fake_rule chosen = {0};
	struct fake_asked asked = {0};
	sscanf(request, "%7s %4095s", asked.method, asked.path);
	fake_copy_header(request, "\nclient-request-id: ", asked.client_request_id, sizeof(asked.client_request_id));
	fake_copy_header(request, "\nauthorization: ", asked.authorization, sizeof(asked.authorization));
	snprintf(asked.body, sizeof(asked.body), "%s", strstr(request, "\r\n\r\n") + 4);
	pthread_mutex_lock(&fake->lock);
	if (fake->asked_count < 64)
		fake->asked[fake->asked_count++] = asked;
	for (size_t i = 0; i < fake->rule_count; i++) {
		const struct fake_rule *rule = &fake->rules[i];
		if (strcmp(rule->method, asked.method) != 0 || (rule->path != NULL && strstr(asked.path, rule->path) == NULL))
			continue;
		if (rule->uses != 0 && fake->used[i] >= rule->uses)
			continue;
		fake->used[i]++;
		chosen = *rule;
		break;
	}
	pthread_mutex_unlock(&fake->lock);
	return chosen;
}

static inline void fake_send(int client, const char *text)
{
	size_t length = strlen(text);
	while (length > 0) {
		ssize_t sent = send(client, text, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		length -= (size_t)sent;
	}
}

static inline void fake_send_answer(int client, int status, const char *headers, const char *body)
{
	char head[1024];
	snprintf(head, sizeof(head), "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
	         strlen(body), headers != NULL ? headers : "");
	fake_send(client, head);
	fake_send(client, body);
}

static inline bool fake_answer(const struct fake_call *call, const char *request)
{
	char method[8] = "";
	static _Thread_local char path[4096];
	struct fake_said said = {0};
	if (call->fake->answer == NULL || sscanf(request, "%7s %4095s", method, path) != 2 ||
	    !call->fake->answer(call->fake->context, method, path, strstr(request, "\r\n\r\n") + 4, &said))
		return false;
	if (said.status != 0)
		fake_send_answer(call->socket, said.status, said.headers, said.body != NULL ? said.body : "");
	free(said.body);
	return true;
}

#define FAKE_REQUEST_MAX (128 * 1024)

/* Of long loops one step in three is taken; ./test --full takes all of them. */
static inline uint64_t fake_stride(void)
{
	return getenv("AICLEARANCE_FULL") != NULL ? 1 : 3;
}

static inline void *fake_serve_one(void *argument)
{
	struct fake_call call = *(struct fake_call *)argument;
	free(argument);
	static const char none[] = "{\"error\":{\"code\":\"Test_NoRule\",\"message\":\"no rule\"}}";
	char *buffer = calloc(1, FAKE_REQUEST_MAX);
	if (buffer != NULL && fake_receive(call.socket, buffer, FAKE_REQUEST_MAX) > 0 && !fake_answer(&call, buffer)) {
		struct fake_rule rule = fake_note(call.fake, buffer);
		if (rule.pause_ms > 0)
			usleep((useconds_t)rule.pause_ms * 1000);
		char *written = rule.write != NULL ? rule.write(&rule, buffer) : NULL;
		if (written != NULL)
			rule.body = written;
		const char *body = rule.body != NULL ? rule.body : rule.status == 0 ? none : "";
		if (!rule.hang_up)
			fake_send_answer(call.socket, rule.status != 0 ? rule.status : 418, rule.headers, body);
		free(written);
	}
	free(buffer);
	shutdown(call.socket, SHUT_RDWR);
	close(call.socket);
	call.fake->serving--;
	return NULL;
}

static inline void *fake_serve(void *argument)
{
	struct fake_entra *fake = argument;
	while (!fake->stopping) {
		int client = accept(fake->listener, NULL, NULL);
		if (client < 0)
			break;
		struct fake_call *call = malloc(sizeof(*call));
		*call = (struct fake_call){.fake = fake, .socket = client};
		pthread_t thread;
		fake->serving++;
		if (pthread_create(&thread, NULL, fake_serve_one, call) != 0)
			abort();
		pthread_detach(thread);
	}
	while (fake->serving > 0)
		usleep(1000);
	return NULL;
}

static inline void fake_start(struct fake_entra *fake)
{
	memset(fake, 0, sizeof(*fake));
	pthread_mutex_init(&fake->lock, NULL);
	fake->listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake->listener, 64), 0);
	assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&address, &length), 0);
	fake->port = ntohs(address.sin_port);
	snprintf(fake->origin, sizeof(fake->origin), "http://127.0.0.1:%d", fake->port);
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_serve, fake), 0);
}

static inline void fake_stop(struct fake_entra *fake)
{
	fake->stopping = true;
	shutdown(fake->listener, SHUT_RDWR);
	close(fake->listener);
	pthread_join(fake->thread, NULL);
	pthread_mutex_destroy(&fake->lock);
}

static inline void fake_when(struct fake_entra *fake, struct fake_rule rule)
{
	pthread_mutex_lock(&fake->lock);
	assert_true(fake->rule_count < 64);
	fake->rules[fake->rule_count++] = rule;
	pthread_mutex_unlock(&fake->lock);
}

static inline size_t fake_count(struct fake_entra *fake, const char *method, const char *path)
{
	size_t count = 0;
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < fake->asked_count; i++)
		if (strcmp(fake->asked[i].method, method) == 0 && strstr(fake->asked[i].path, path) != NULL)
			count++;
	pthread_mutex_unlock(&fake->lock);
	return count;
}

static inline const struct fake_asked *fake_find(struct fake_entra *fake, const char *method, const char *path)
{
	for (size_t i = 0; i < fake->asked_count; i++)
		if (strcmp(fake->asked[i].method, method) == 0 && strstr(fake->asked[i].path, path) != NULL)
			return &fake->asked[i];
	return NULL;
}

/* ---- everything that a call through the seam needs ---- */

struct fake_secret {
	struct secret_source source;
	const char *value;
};

static inline enum result fake_secret_fetch(const struct secret_source *source, struct secret *ret_secret,
                                            struct error *error)
{
	const struct fake_secret *secret = (const struct fake_secret *)(const void *)source;
	(void)error;
	return secret_new(secret->value, strlen(secret->value), ret_secret);
}

struct fake_world {
	struct fake_entra entra;
	struct http_client *http;
	struct connector_environment environment;
	struct connector_settings settings;
	struct fake_secret secret;
	struct connector_target target;
	struct arena *arena;
	const struct connector_ops *ops;
	char *token_body;
};

/* A token answer whose payload lists the roles (JSON array text; NULL: none) and our object id. */
static inline char *fake_token_body(struct arena *arena, const char *roles, int expires_in, const char *mark)
{
	char *payload = arena_printf(arena, "{\"oid\":\"%s\",\"jti\":\"%s\"%s%s}", FAKE_APP_OBJECT, mark,
	                             roles != NULL ? ",\"roles\":" : "", roles != NULL ? roles : "");
	char *middle = text_base64url_encode(arena, (const uint8_t *)payload, strlen(payload));
	return arena_printf(arena, "{\"token_type\":\"Bearer\",\"expires_in\":%d,\"access_token\":\"aaa.%s.ccc\"}",
	                    expires_in, middle);
}

#define FAKE_ROLES "[\"User.Read.All\",\"GroupMember.ReadWrite.All\"]"

static inline void fake_world_open(struct fake_world *world)
{
	memset(world, 0, sizeof(*world));
	fake_start(&world->entra);
	struct http_client_options options = {.user_agent = "test"};
	assert_int_equal(http_client_new(&options, &world->http, NULL), RESULT_OK);
	world->environment = (struct connector_environment){
	    .http = world->http,
	    .clock = clock_system(),
	    .login_url = world->entra.origin,
	    .graph_url = world->entra.origin,
	    .bindable_groups = "any",
	};
	world->settings = (struct connector_settings){
	    .connector_id = "fake",
	    .type = "entra",
	    .group_mode = "bind",
	    .tenant_id = FAKE_TENANT,
	    .client_id = FAKE_CLIENT,
	    .cloud = "global",
	    .credential = {.kind = CREDENTIAL_CLIENT_SECRET, .version = 1},
	};
	world->secret = (struct fake_secret){.source = {.fetch = fake_secret_fetch}, .value = FAKE_SECRET};
	world->target = (struct connector_target){.settings = &world->settings, .secret = &world->secret.source};
	world->arena = arena_new(16 * 1024 * 1024);
	assert_non_null(world->arena);
	world->ops = connector_registry_find("entra");
	assert_non_null(world->ops);
}

static inline void fake_world_token(struct fake_world *world, const char *roles)
{
	fake_when(&world->entra, (struct fake_rule){.method = "POST",
	                                            .path = "/oauth2/v2.0/token",
	                                            .status = 200,
	                                            .body = fake_token_body(world->arena, roles, 3599, "one")});
}

static inline void fake_world_close(struct fake_world *world)
{
	world->ops->forget("fake");
	http_client_free(world->http);
	fake_stop(&world->entra);
	arena_free(world->arena);
}

#define FAKE_GROUP_JSON                                                                                                \
	"{\"@odata.context\":\"x\",\"id\":\"" FAKE_GROUP "\",\"displayName\":\"AI - Users\",\"description\":null,"         \
	"\"groupTypes\":[],\"securityEnabled\":true,\"mailEnabled\":false,\"onPremisesSyncEnabled\":null,"                 \
	"\"isAssignableToRole\":null,\"isManagementRestricted\":null,\"membershipRule\":null,"                             \
	"\"membershipRuleProcessingState\":null,\"resourceProvisioningOptions\":[],\"visibility\":null}"

#define FAKE_NOT_FOUND(id)                                                                                             \
	"{\"error\":{\"code\":\"Request_ResourceNotFound\",\"message\":\"Resource '" id                                    \
	"' does not exist or one of its queried reference-property objects are not present.\",\"innerError\":{\"date\":"   \
	"\"2026-01-01T00:00:00\",\"request-id\":\"01010101-0101-0101-0101-010101010101\",\"client-request-id\":"           \
	"\"02020202-0202-0202-0202-020202020202\"}}}"

#endif
