/* webhook_load PORT CONNECTIONS COUNT: posts COUNT signed webhooks, each with a body of its own, over that many
 * keep-alive connections (each waits for its answer before it sends again), and prints one line of JSON: acknowledged,
 * refused, ms. The secret is read from BENCH_WEBHOOK_SECRET. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

#define MAX_CONNECTIONS 256

struct load {
	const char *secret;
	long next, count, acknowledged, refused;
};

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		perror("connect");
		exit(1);
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void send_one(struct load *load, int fd)
{
	char body[512], request[1024], hex[DIGEST_HEX_SIZE];
	uint8_t digest[DIGEST_SIZE];
	int body_length = snprintf(body, sizeof body,
	                           "{\"timestamp\":%ld,\"webhookEvent\":\"jira:issue_updated\",\"issue\":{\"id\":\"%ld\","
	                           "\"key\":\"BENCH-%ld\",\"fields\":{\"summary\":\"a webhook of the bench\"}}}",
	                           load->next, 900000 + load->next, load->next);
	if (digest_hmac_sha256(load->secret, strlen(load->secret), body, (size_t)body_length, digest) != RESULT_OK) {
		exit(1);
	}
	text_hex_encode(digest, DIGEST_SIZE, hex);
	int length = snprintf(request, sizeof request,
	                      "POST /hooks/jira HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
	                      "X-Atlassian-Webhook-Identifier: bench-%ld\r\nX-Hub-Signature: sha256=%s\r\n"
	                      "Content-Length: %d\r\n\r\n%s",
	                      load->next, hex, body_length, body);
	load->next++;
	if (write(fd, request, (size_t)length) != length) {
		perror("write");
		exit(1);
	}
}

/* An answer is small and comes whole, or in two pieces: it ends with the body's closing brace. */
static bool answer_is_whole(int fd, struct load *load)
{
	static char answers[1024 * 64];
	ssize_t got = read(fd, answers, sizeof answers - 1);
	if (got <= 0) {
		fprintf(stderr, "the service closed a connection\n");
		exit(1);
	}
	answers[got] = '\0';
	if (strncmp(answers, "HTTP/1.1 ", 9) == 0) {
		if (strncmp(answers + 9, "202", 3) == 0) {
			load->acknowledged++;
		} else {
			load->refused++;
		}
	}
	return strchr(answers, '}') != NULL;
}

int main(int argc, char **argv)
{
	struct load load = {.secret = getenv("BENCH_WEBHOOK_SECRET")};
	if (argc != 4 || load.secret == NULL) {
		fprintf(stderr, "usage: BENCH_WEBHOOK_SECRET=… webhook_load PORT CONNECTIONS COUNT\n");
		return 2;
	}
	int connections = atoi(argv[2]);
	load.count = atol(argv[3]);
	if (connections < 1 || connections > MAX_CONNECTIONS) {
		return 2;
	}
	struct pollfd polled[MAX_CONNECTIONS];
	int64_t started = clock_monotonic_ms(clock_system());
	for (int i = 0; i < connections; i++) {
		polled[i] = (struct pollfd){.fd = connect_to(atoi(argv[1])), .events = POLLIN};
		send_one(&load, polled[i].fd);
	}
	while (load.acknowledged + load.refused < load.count) {
		if (poll(polled, (nfds_t)connections, 10000) <= 0) {
			fprintf(stderr, "no answer for ten seconds\n");
			return 1;
		}
		for (int i = 0; i < connections; i++) {
			if ((polled[i].revents & (POLLIN | POLLHUP)) != 0 && answer_is_whole(polled[i].fd, &load)) {
				send_one(&load, polled[i].fd);
			}
		}
	}
	printf("{\"acknowledged\":%ld,\"refused\":%ld,\"ms\":%lld}\n", load.acknowledged, load.refused,
	       (long long)(clock_monotonic_ms(clock_system()) - started));
	return 0;
}
