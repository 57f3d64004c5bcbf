#include "server/pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define PEM_FILE_MAX (1 << 20)

static enum result pem_file_drain(int fd, struct text *text)
{
	char buffer[4096];
	ssize_t count;
	while ((count = read(fd, buffer, sizeof buffer)) != 0) {
		if (count > 0)
			text_append_bytes(text, buffer, (size_t)count);
		else if (errno != EINTR)
			return RESULT_IO;
	}
	memory_wipe(buffer, sizeof buffer);
	return text_failed(text) ? RESULT_TOO_LARGE : RESULT_OK;
}

enum result pem_file_read(const char *path, char **ret_text, struct error *error)
{
	_cleanup_(text_done) struct text text = TEXT_INIT(PEM_FILE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, RESULT_IO, NULL, "Cannot read %s: %s.", path, strerrordesc_np(errno));
	enum result result = pem_file_drain(fd, &text);
	close(fd);
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Cannot read %s: it is no PEM file.", path);
	char *taken = text_take(&text);
	if (taken == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is no memory left.");
	*ret_text = taken;
	return RESULT_OK;
}
