#include "server/listen_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

static int listen_socket_begin(int fd)
{
	return listen(fd, SOMAXCONN);
}

#define LISTEN_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

static enum result listen_fail(struct error *error, int fd, const char *where, const char *what)
{
	int cause = errno;
	if (fd >= 0)
		close(fd);
	return error_set(error, RESULT_IO, NULL, "Cannot listen on %s: %s: %s.", where, what, strerrordesc_np(cause));
}

/* Removes what a crash left behind; refuses if somebody answers there, or if it is no socket. */
static enum result listen_clear_stale(const char *where, const struct sockaddr_un *address, struct error *error)
{
	struct stat status;
	if (lstat(address->sun_path, &status) != 0)
		return RESULT_OK;
	if (!S_ISSOCK(status.st_mode))
		return error_set(error, RESULT_IO, NULL, "Cannot listen on %s: a file that is no socket is in the way.", where);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return listen_fail(error, fd, where, "socket");
	int connected = connect(fd, (const struct sockaddr *)address, sizeof *address);
	int cause = errno;
	close(fd);
	if (connected == 0 || cause != ECONNREFUSED)
		return error_set(error, RESULT_IO, NULL, "Cannot listen on %s: somebody else does already.", where);
	unlink(address->sun_path);
	return RESULT_OK;
}

static enum result listen_unix(const char *where, struct listen_socket *ret_socket, struct error *error)
{
	const char *path = where + strlen("unix:");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path[0] != '/' || strlen(path) >= sizeof address.sun_path)
		return error_set(error, RESULT_INVALID, NULL, "Cannot listen on %s: the path must begin with / and be short.",
		                 where);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	enum result result = listen_clear_stale(where, &address, error);
	if (result != RESULT_OK)
		return result;
	int fd = socket(AF_UNIX, LISTEN_FLAGS, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return listen_fail(error, fd, where, "bind");
	if (chmod(path, 0660) != 0 || listen_socket_begin(fd) != 0)
		return listen_fail(error, fd, where, "listen");
	*ret_socket = (struct listen_socket){.fd = fd};
	snprintf(ret_socket->path, sizeof ret_socket->path, "%s", path);
	return RESULT_OK;
}

static enum result listen_split(const char *where, char *host, size_t host_size, const char **ret_port,
                                struct error *error)
{
	const char *colon = strrchr(where, ':');
	bool bracketed = colon != NULL && where[0] == '[' && colon > where + 1 && colon[-1] == ']';
	size_t length = colon == NULL ? 0 : (size_t)(colon - where) - (bracketed ? 2 : 0);
	if (length == 0 || length >= host_size)
		return error_set(error, RESULT_INVALID, NULL, "Cannot listen on %s: write host:port or unix:/path.", where);
	memcpy(host, where + (bracketed ? 1 : 0), length);
	host[length] = '\0';
	*ret_port = colon + 1;
	return RESULT_OK;
}

static int listen_port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address = {.six = {0}};
	socklen_t length = sizeof address;
	if (getsockname(fd, &address.any, &length) != 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port : address.four.sin_port);
}

static enum result listen_tcp(const char *where, struct listen_socket *ret_socket, struct error *error)
{
	char host[256] = "";
	const char *port = NULL;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	enum result result = listen_split(where, host, sizeof host, &port, error);
	if (result != RESULT_OK)
		return result;
	int failure = getaddrinfo(host, port, &hints, &found);
	if (failure != 0 || found == NULL)
		return error_set(error, RESULT_INVALID, NULL, "Cannot listen on %s: %s.", where, gai_strerror(failure));
	int on = 1;
	int fd = socket(found->ai_family, LISTEN_FLAGS, 0);
	bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	             bind(fd, found->ai_addr, found->ai_addrlen) == 0;
	freeaddrinfo(found);
	if (!bound || listen_socket_begin(fd) != 0)
		return listen_fail(error, fd, where, "bind");
	*ret_socket = (struct listen_socket){.fd = fd, .port = listen_port_of(fd)};
	return RESULT_OK;
}

enum result listen_socket_open(const char *where, struct listen_socket *ret_socket, struct error *error)
{
	if (text_starts_with(where, "unix:"))
		return listen_unix(where, ret_socket, error);
	return listen_tcp(where, ret_socket, error);
}

void listen_socket_close(struct listen_socket *socket)
{
	if (socket->fd >= 0)
		close(socket->fd);
	socket->fd = -1;
	if (socket->path[0] != '\0')
		unlink(socket->path);
}
