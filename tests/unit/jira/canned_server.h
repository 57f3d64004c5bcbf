/* A server on loopback that answers what a test has written down, once each, in the order written among those of the
 * same method and target; anything else is a 500. It keeps what it was asked. */
#ifndef AIC_TESTS_CANNED_SERVER_H
#define AIC_TESTS_CANNED_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct canned_answer {
	const char *method;
	const char *target;
	int status;
	const char *headers; /* whole lines, each ended by \r\n; NULL: none */
	const char *body;    /* NULL: none */
	bool again;          /* may be given any number of times */
	int given;
};

#define CANNED_ASKED_MAX 1024
struct canned_server {
	int listener;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	struct canned_answer answers[64];
	size_t answer_count;
	int asked;
	char targets[CANNED_ASKED_MAX][256]; /* "GET /path" */
	char authorization[512];             /* of the last request */
	char body[32768];                    /* of the last request that had one */
};

static inline struct canned_answer *canned_find(struct canned_server *server, const char *method, const char *target)
{
	for (size_t i = 0; i < server->answer_count; i++) {
		struct canned_answer *answer = &server->answers[i];
		if ((answer->again || answer->given == 0) && strcmp(answer->method, method) == 0 &&
		    strcmp(answer->target, target) == 0)
			return answer;
	}
	return NULL;
}

static inline void canned_note_header(struct canned_server *server, const char *request)
{
	const char *line = strcasestr(request, "\r\nauthorization:");
	if (!line)
		return;
	line += strlen("\r\nauthorization:");
	while (*line == ' ')
		line++;
	snprintf(server->authorization, sizeof(server->authorization), "%.*s", (int)strcspn(line, "\r"), line);
}

static inline void canned_answer_to(struct canned_server *server, int connection, char *request, const char *body)
{
	static char out[256 * 1024];
	char method[16] = "";
	char target[2048] = "";
	sscanf(request, "%15s %2047s", method, target);
	pthread_mutex_lock(&server->lock);
	canned_note_header(server, request);
	if (body[0] != '\0')
		snprintf(server->body, sizeof(server->body), "%s", body);
	snprintf(server->targets[server->asked % CANNED_ASKED_MAX], 256, "%.15s %.200s", method, target);
	server->asked++;
	struct canned_answer *answer = canned_find(server, method, target);
	if (answer)
		answer->given++;
	const char *text = answer && answer->body ? answer->body : "";
	int status = answer ? answer->status : 500;
	int length = snprintf(out, sizeof(out), "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	                      status, answer && answer->headers ? answer->headers : "", strlen(text), text);
	if (status == 204)
		length = snprintf(out, sizeof(out), "HTTP/1.1 204 X\r\nConnection: close\r\n\r\n");
	pthread_mutex_unlock(&server->lock);
	for (int sent = 0; sent < length;) {
		ssize_t wrote = send(connection, out + sent, (size_t)(length - sent), MSG_NOSIGNAL);
		if (wrote <= 0)
			break;
		sent += (int)wrote;
	}
}

static inline void canned_serve(struct canned_server *server, int connection)
{
	static char request[65536];
	size_t length = 0;
	char *end = NULL;
	size_t wanted = 0;
	while (length < sizeof(request) - 1) {
		ssize_t got = recv(connection, request + length, sizeof(request) - 1 - length, 0);
		if (got <= 0)
			return;
		length += (size_t)got;
		request[length] = '\0';
		end = strstr(request, "\r\n\r\n");
		if (!end)
			continue;
		const char *header = strcasestr(request, "\r\ncontent-length:");
		wanted = header && header < end ? (size_t)atol(header + strlen("\r\ncontent-length:")) : 0;
		if (length >= (size_t)(end + 4 - request) + wanted)
			break;
	}
	if (end)
		canned_answer_to(server, connection, request, end + 4);
}

static inline void *canned_run(void *context)
{
	struct canned_server *server = context;
	for (;;) {
		int connection = accept(server->listener, NULL, NULL);
		if (connection < 0)
			return NULL;
		canned_serve(server, connection);
		shutdown(connection, SHUT_WR);
		close(connection);
	}
}

static inline bool canned_start(struct canned_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	pthread_mutex_init(&server->lock, NULL);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(server->listener, 64) != 0 || getsockname(server->listener, (struct sockaddr *)&address, &length) != 0)
		return false;
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	return pthread_create(&server->thread, NULL, canned_run, server) == 0;
}

static inline void canned_stop(struct canned_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
}

static inline struct canned_answer *canned_add(struct canned_server *server, const char *method, const char *target,
                                               int status, const char *body)
{
	pthread_mutex_lock(&server->lock);
	struct canned_answer *answer = &server->answers[server->answer_count++];
	*answer = (struct canned_answer){.method = method, .target = target, .status = status, .body = body};
	pthread_mutex_unlock(&server->lock);
	return answer;
}

/* Forgets the answers and the questions. */
static inline void canned_reset(struct canned_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->answer_count = 0;
	server->asked = 0;
	server->authorization[0] = '\0';
	server->body[0] = '\0';
	pthread_mutex_unlock(&server->lock);
}

static inline int canned_asked(struct canned_server *server, const char *what)
{
	int count = 0;
	pthread_mutex_lock(&server->lock);
	for (int i = 0; i < server->asked && i < CANNED_ASKED_MAX; i++)
		count += strcmp(server->targets[i], what) == 0;
	pthread_mutex_unlock(&server->lock);
	return count;
}

#endif
