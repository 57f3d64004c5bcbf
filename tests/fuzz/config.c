/* A config file is written by hand: every fault gets a line that is there and a sentence, and nothing else happens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One file in memory for all inputs. */
static const char *file_hold(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
		return NULL;
	}
	return path;
}

static int line_count(const uint8_t *data, size_t size)
{
	int lines = 1;

	for (size_t at = 0; at < size; at++) {
		lines += data[at] == '\n';
	}
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(8u << 20);
	char *const environment[] = {NULL};
	struct config config;
	struct config_fault *faults = NULL;
	size_t count = 0;
	const char *path = file_hold(data, size);

	if (arena == NULL || path == NULL) {
		return 0;
	}
	enum result result = config_read(path, environment, arena, &config, &faults, &count);
	if ((result == RESULT_INVALID) != (count > 0)) {
		abort(); /* refused without a reason, or taken in spite of one */
	}
	for (size_t at = 0; at < count; at++) {
		if (faults[at].message == NULL || faults[at].line < 0 || faults[at].line > line_count(data, size)) {
			abort();
		}
	}
	if (result == RESULT_OK && (config.listen == NULL || config_unbuilt(&config, arena) == NULL)) {
		abort();
	}
	return 0;
}
