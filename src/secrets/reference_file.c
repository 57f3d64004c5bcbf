/* Reading the file behind a secret reference.
 *
 * Everything that is decided is decided about the open descriptor, not about the path: between a stat and an open a
 * file can be exchanged, between an open and an fstat it cannot. The content goes from the kernel into secret memory
 * and nowhere else. */
#include "secrets/reference_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

#define SECRET_FILE_CEILING ((size_t)64 * 1024)
#define UNREADABLE "secret_reference_unreadable"

static void close_filep(int *file)
{
	if (*file >= 0)
		(void)close(*file);
}

enum result reference_open_failed(const char *reference, int number, struct error *error)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return error_set(error, RESULT_NOT_FOUND, UNREADABLE, "%s: there is no such file.", reference);
	case ELOOP:
		return error_set(error, RESULT_DENIED, UNREADABLE, "%s is a symbolic link; links are not followed.", reference);
	case EACCES:
	case EPERM:
		return error_set(error, RESULT_DENIED, UNREADABLE, "%s: this user is not permitted to read it.", reference);
	case ENXIO:
		return error_set(error, RESULT_DENIED, UNREADABLE, "%s is not a regular file.", reference);
	default:
		return error_set(error, RESULT_IO, UNREADABLE, "%s cannot be opened: %s.", reference, strerror(number));
	}
}

int reference_open_beneath(const char *directory, const char *path)
{
	int base = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {
	    .flags = SECRET_FILE_FLAGS,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	if (base < 0)
		return -1;

	int file = (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
	int number = errno;

	(void)close(base);
	errno = number;
	return file;
}

static enum result check_opened(int file, const char *reference, enum reference_readers readers, struct error *error)
{
	struct stat about;
	mode_t others = readers == REFERENCE_OWNER_ONLY ? S_IRWXG | S_IRWXO : S_IRWXO;

	if (fstat(file, &about) != 0)
		return error_set(error, RESULT_IO, UNREADABLE, "%s cannot be examined: %s.", reference, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return error_set(error, RESULT_DENIED, UNREADABLE, "%s is not a regular file.", reference);
	if (about.st_mode & others & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH))
		return error_set(error, RESULT_DENIED, UNREADABLE,
		                 "%s can be read or written by its group or by everybody (mode %04o); make it 0600 or 0400.",
		                 reference, (unsigned)(about.st_mode & 07777));
	if (about.st_size > (off_t)SECRET_FILE_CEILING)
		return error_set(error, RESULT_TOO_LARGE, UNREADABLE, "%s is larger than 64 KiB.", reference);
	return RESULT_OK;
}

/* RESULT_OK with *ret_length at most `size`; what did not fit shows as *ret_length == size. */
static enum result read_all(int file, char *into, size_t size, size_t *ret_length)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(file, into + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return RESULT_IO;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	*ret_length = length;
	return RESULT_OK;
}

static size_t without_newline(const char *bytes, size_t length)
{
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	if (length > 0 && bytes[length - 1] == '\r')
		length--;
	return length;
}

enum result reference_file_read(int file, const char *reference, enum reference_readers readers,
                                struct secret *ret_secret, struct error *error)
{
	_cleanup_(close_filep) int owned = file;
	_cleanup_(secret_done) struct secret whole = {0};
	size_t length = 0;
	enum result result = check_opened(owned, reference, readers, error);

	if (result != RESULT_OK)
		return result;
	if (secret_new(NULL, SECRET_FILE_CEILING + 1, &whole) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read %s.", reference);
	if (read_all(owned, whole.bytes, SECRET_FILE_CEILING + 1, &length) != RESULT_OK)
		return error_set(error, RESULT_IO, UNREADABLE, "%s cannot be read: %s.", reference, strerror(errno));
	if (length > SECRET_FILE_CEILING)
		return error_set(error, RESULT_TOO_LARGE, UNREADABLE, "%s is larger than 64 KiB.", reference);
	length = without_newline(whole.bytes, length);
	if (length == 0)
		return error_set(error, RESULT_INVALID, UNREADABLE, "%s is empty.", reference);
	if (secret_new(whole.bytes, length, ret_secret) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read %s.", reference);
	return RESULT_OK;
}
