/* Preloaded into the service: ends it with SIGKILL at the Nth time that it writes to its database or makes a write
 * durable.
 *
 *	BOUNDARY_GO      a path: counting begins once this file is there
 *	BOUNDARY_COUNT   a path: grows by a byte with each boundary
 *	BOUNDARY_AT      N, from 1; 0 never
 *	BOUNDARY_WHEN    before | after the call, or torn: half of the write */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum moment { MOMENT_NONE, MOMENT_BEFORE, MOMENT_AFTER, MOMENT_TORN };

static atomic_long boundaries;

static bool is_database(int descriptor)
{
	char link[64];
	char path[4096];
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	return strstr(path, ".db") != NULL;
}

static void note_count(void)
{
	const char *path = getenv("BOUNDARY_COUNT");
	int file = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (file < 0)
		return;
	if (write(file, ".", 1) < 0)
		abort();
	close(file);
}

/* What is to happen at this call. */
static enum moment moment_of(int descriptor)
{
	const char *go = getenv("BOUNDARY_GO");
	const char *at = getenv("BOUNDARY_AT");
	const char *when = getenv("BOUNDARY_WHEN");
	if (go == NULL || at == NULL || when == NULL || access(go, F_OK) != 0 || !is_database(descriptor))
		return MOMENT_NONE;
	long number = atomic_fetch_add(&boundaries, 1) + 1;
	note_count();
	if (number != strtol(at, NULL, 10))
		return MOMENT_NONE;
	if (strcmp(when, "before") == 0)
		return MOMENT_BEFORE;
	return strcmp(when, "torn") == 0 ? MOMENT_TORN : MOMENT_AFTER;
}

static void end_here(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset)
{
	static ssize_t (*real)(int, const void *, size_t, off64_t);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
	enum moment moment = moment_of(descriptor);
	if (moment == MOMENT_BEFORE)
		end_here();
	ssize_t written = real(descriptor, bytes, moment == MOMENT_TORN ? (length + 1) / 2 : length, offset);
	if (moment != MOMENT_NONE)
		end_here();
	return written;
}

static int synced(int descriptor, const char *name, int (*real)(int))
{
	enum moment moment = real != NULL ? moment_of(descriptor) : MOMENT_NONE;
	if (moment == MOMENT_BEFORE || moment == MOMENT_TORN)
		end_here();
	if (real == NULL) {
		(void)fprintf(stderr, "boundary_shim: there is no %s\n", name);
		abort();
	}
	int result = real(descriptor);
	if (moment != MOMENT_NONE)
		end_here();
	return result;
}

int fdatasync(int descriptor)
{
	static int (*real)(int);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	return synced(descriptor, "fdatasync", real);
}

int fsync(int descriptor)
{
	static int (*real)(int);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "fsync");
	return synced(descriptor, "fsync", real);
}
