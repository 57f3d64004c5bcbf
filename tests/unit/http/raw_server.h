/* An HTTP server for tests, made of bare sockets, so that it can misbehave in every way. One thread a connection; what
 * a path does is in raw_scripts and raw_respond. With a TLS context it speaks TLS. */
#ifndef AIC_TEST_RAW_SERVER_H
#define AIC_TEST_RAW_SERVER_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RAW_MOST_CONNECTIONS 512

struct raw_server {
	int listener;
	int port;
	SSL_CTX *tls;
	pthread_t thread;
	atomic_bool stopping;
	atomic_int connections, requests, posts, hanging;
	pthread_t handlers[RAW_MOST_CONNECTIONS];
	int sockets[RAW_MOST_CONNECTIONS];
};

struct raw_connection {
	struct raw_server *server;
	int socket;
	SSL *tls;
	int served;
	char request[256 * 1024];
	size_t length;
};

static ssize_t raw_read(struct raw_connection *connection, char *out, size_t size)
{
	if (connection->tls != NULL)
		return SSL_read(connection->tls, out, (int)size);
	return recv(connection->socket, out, size, 0);
}

static void raw_write(struct raw_connection *connection, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = connection->tls != NULL ? SSL_write(connection->tls, bytes, (int)length)
		                                          : send(connection->socket, bytes, length, MSG_NOSIGNAL);
		if (written <= 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

static void raw_say(struct raw_connection *connection, const char *text)
{
	raw_write(connection, text, strlen(text));
}

static void raw_answer(struct raw_connection *connection, const char *status, const char *body, size_t length)
{
	char head[200];
	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\nX-Mixed-Case:  kept As Is \t\r\n\r\n", status,
	         length);
	raw_say(connection, head);
	raw_write(connection, body, length);
}

/* Reads a whole request; false at the end of the connection. */
static bool raw_read_request(struct raw_connection *connection)
{
	connection->length = 0;
	for (;;) {
		size_t room = sizeof(connection->request) - 1 - connection->length;
		ssize_t got = raw_read(connection, connection->request + connection->length, room);
		if (got <= 0)
			return false;
		connection->length += (size_t)got;
		connection->request[connection->length] = '\0';
		char *end = strstr(connection->request, "\r\n\r\n");
		if (end == NULL)
			continue;
		const char *announced = strcasestr(connection->request, "\r\nContent-Length: ");
		size_t body = announced != NULL && announced < end ? (size_t)atol(announced + 18) : 0;
		if (connection->length >= (size_t)(end + 4 - connection->request) + body)
			return true;
	}
}

/* Waits until the other side goes away, or the server stops. */
static void raw_hang(struct raw_connection *connection)
{
	connection->server->hanging++;
	struct pollfd events = {.fd = connection->socket, .events = POLLIN};
	char byte;
	while (!connection->server->stopping) {
		if (poll(&events, 1, 20) > 0 && recv(connection->socket, &byte, 1, MSG_DONTWAIT) <= 0)
			return;
	}
}

static void raw_reset(struct raw_connection *connection)
{
	struct linger linger = {1, 0};
	setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void raw_flood(struct raw_connection *connection, const char *head, const char *line, int times)
{
	raw_say(connection, head);
	for (int i = 0; i < times; i++)
		raw_say(connection, line);
}

enum raw_end { RAW_KEEP, RAW_CLOSE, RAW_RESET, RAW_HANG };

/* What is said at a path, to the byte, and what becomes of the connection afterwards. */
static const struct raw_script {
	const char *path, *text;
	size_t length;
	enum raw_end end;
} raw_scripts[] = {
#define RAW(path, end, text)                                                                                           \
	{                                                                                                                  \
		path, text, sizeof(text) - 1, end                                                                              \
	}
    RAW("/unavailable", RAW_KEEP, "HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy"),
    RAW("/chunked", RAW_KEEP,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: late\r\n\r\n"),
    RAW("/interim", RAW_KEEP,
        "HTTP/1.1 103 Early\r\nLink: early\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"),
    RAW("/redirect", RAW_KEEP, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n"),
    RAW("/empty", RAW_KEEP, "HTTP/1.1 204 No Content\r\n\r\n"),
    RAW("/gzip", RAW_KEEP,
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n"
        "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0"),
    RAW("/cut", RAW_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
    RAW("/reset", RAW_RESET, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
    RAW("/silent", RAW_CLOSE, ""),
    RAW("/garbage", RAW_CLOSE, "220 mail.example ESMTP\r\n"),
    RAW("/hang", RAW_HANG, ""),
    RAW("/hang-in-body", RAW_HANG, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
#undef RAW
};

static bool raw_play(struct raw_connection *connection, const struct raw_script *script)
{
	raw_write(connection, script->text, script->length);
	if (script->end == RAW_RESET)
		raw_reset(connection);
	if (script->end == RAW_HANG)
		raw_hang(connection);
	return script->end == RAW_KEEP;
}

/* The answer to the path; false if the connection must be closed. */
static bool raw_respond(struct raw_connection *connection, const char *path)
{
	for (size_t i = 0; i < sizeof(raw_scripts) / sizeof(*raw_scripts); i++) {
		if (strcmp(path, raw_scripts[i].path) == 0)
			return raw_play(connection, &raw_scripts[i]);
	}
	if (strcmp(path, "/echo") == 0) {
		raw_answer(connection, "200 OK", connection->request, connection->length);
	} else if (strcmp(path, "/large") == 0) {
		raw_flood(connection, "HTTP/1.1 200 OK\r\n\r\n", "0123456789012345678901234567890123456789\n", 5000);
		return false;
	} else if (strcmp(path, "/many-headers") == 0) {
		raw_flood(connection, "HTTP/1.1 200 OK\r\n", "X-Flood: 0123456789012345678901234567890123456789\r\n", 2000);
		return false;
	} else if (strcmp(path, "/once-a-connection") == 0) {
		if (connection->served > 0)
			return false; /* read, perhaps acted upon, never answered */
		raw_answer(connection, "200 OK", "first", 5);
	} else {
		raw_answer(connection, "404 Not Found", path, strlen(path));
	}
	return true;
}

static void raw_serve(struct raw_connection *connection)
{
	while (raw_read_request(connection)) {
		connection->server->requests++;
		if (strncmp(connection->request, "POST ", 5) == 0)
			connection->server->posts++;
		char path[1024] = "";
		sscanf(connection->request, "%*s %1023s", path);
		if (!raw_respond(connection, path))
			return;
		connection->served++;
	}
}

static void *raw_handle(void *data)
{
	struct raw_connection *connection = data;
	if (connection->server->tls != NULL) {
		connection->tls = SSL_new(connection->server->tls);
		SSL_set_fd(connection->tls, connection->socket);
	}
	if (connection->tls == NULL || SSL_accept(connection->tls) == 1)
		raw_serve(connection);
	SSL_free(connection->tls);
	shutdown(connection->socket,
	         SHUT_WR); /* the descriptor itself is closed when the server stops, or here for a reset */
	struct linger linger;
	socklen_t size = sizeof(linger);
	getsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &linger, &size);
	if (linger.l_onoff)
		dup2(connection->server->listener, connection->socket); /* closes it without freeing the number */
	free(connection);
	return NULL;
}

static void *raw_accept(void *data)
{
	struct raw_server *server = data;
	for (;;) {
		int socket = accept(server->listener, NULL, NULL);
		if (socket < 0 || server->stopping || server->connections == RAW_MOST_CONNECTIONS) {
			close(socket);
			return NULL;
		}
		struct raw_connection *connection = calloc(1, sizeof(*connection));
		connection->server = server;
		connection->socket = socket;
		int index = server->connections++;
		server->sockets[index] = socket;
		pthread_create(&server->handlers[index], NULL, raw_handle, connection);
	}
}

static bool raw_server_start(struct raw_server *server, SSL_CTX *tls)
{
	memset(server, 0, sizeof(*server));
	server->tls = tls;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, size) != 0 || listen(server->listener, 128) != 0 ||
	    getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
		return false;
	server->port = ntohs(address.sin_port);
	return pthread_create(&server->thread, NULL, raw_accept, server) == 0;
}

static void raw_server_stop(struct raw_server *server)
{
	server->stopping = true;
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	for (int i = 0; i < server->connections; i++)
		shutdown(server->sockets[i], SHUT_RDWR);
	for (int i = 0; i < server->connections; i++) {
		pthread_join(server->handlers[i], NULL);
		close(server->sockets[i]);
	}
	close(server->listener);
}

#endif
