/* The socket that the server listens on: TCP or unix. */
#ifndef AIC_SERVER_LISTEN_SOCKET_H
#define AIC_SERVER_LISTEN_SOCKET_H

#include "base/macro.h"
#include "base/result.h"

struct listen_socket {
	int fd;
	int port;       /* 0 for a unix socket */
	char path[108]; /* of a unix socket; "" else */
};

/* "127.0.0.1:8480", "[::1]:8480", "unix:/path". A unix socket that was left behind is removed only if nobody answers on
 * it. */
enum result listen_socket_open(const char *listen, struct listen_socket *ret_socket, struct error *error) MUST_CHECK;
void listen_socket_close(struct listen_socket *socket); /* removes a unix socket's file */

#endif
