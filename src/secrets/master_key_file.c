/* The file is never written in place: a new one is written beside it, on disk before it takes the old one's name. It
 * keeps owner and mode. Key text lives in secret memory and in these files alone. */
#include "secrets/master_key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/text.h"
#include "secrets/reference.h"
#include "secrets/reference_file.h"

#define PREFIX "file:"
#define SUFFIX ".rotating"
#define KEY_SIZE 32
#define KEY_TEXT 44 /* of 32 bytes in base64 */

struct key_path {
	char directory[SECRET_REFERENCE_LONGEST + 1];
	const char *name; /* of the file in it */
	char temporary[SECRET_REFERENCE_LONGEST + sizeof(SUFFIX)];
};

static void close_filep(int *file)
{
	if (*file >= 0)
		(void)close(*file);
}

bool master_key_file_is(const char *reference)
{
	return text_starts_with(reference, PREFIX);
}

/* The reference was read before, so its path is absolute and of a bearable length. */
static void path_split(const char *reference, struct key_path *ret_path)
{
	const char *path = reference + strlen(PREFIX);
	const char *slash = strrchr(path, '/');

	ret_path->name = slash + 1;
	(void)snprintf(ret_path->directory, sizeof(ret_path->directory), "%.*s", slash == path ? 1 : (int)(slash - path),
	               path);
	(void)snprintf(ret_path->temporary, sizeof(ret_path->temporary), "%s" SUFFIX, ret_path->name);
}

static enum result io_failed(const char *reference, const char *what, struct error *error)
{
	return error_set(error, errno == EACCES || errno == EPERM ? RESULT_DENIED : RESULT_IO, NULL, "%s: %s: %s.",
	                 reference, what, strerror(errno));
}

enum result master_key_file_lock(const char *reference, int *ret_lock, struct error *error)
{
	struct key_path path;

	path_split(reference, &path);
	int directory = open(path.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return io_failed(reference, "its directory cannot be opened", error);
	if (flock(directory, LOCK_EX | LOCK_NB) != 0) {
		(void)close(directory);
		return error_set(error, RESULT_CONFLICT, NULL, "%s: another rotation is under way.", reference);
	}
	if (faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) != 0) {
		(void)close(directory);
		return error_set(error, RESULT_DENIED, NULL,
		                 "%s: its directory cannot be written to by this user; run this as the user who owns it.",
		                 reference);
	}
	*ret_lock = directory;
	return RESULT_OK;
}

void master_key_file_unlock(int *lock)
{
	close_filep(lock);
	*lock = -1;
}

static bool write_all(int file, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t wrote = write(file, bytes + at, length - at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		at += (size_t)wrote;
	}
	return true;
}

/* What lies there under the temporary name is left from a crash. */
static enum result temporary_write(int directory, const struct key_path *path, const char *reference,
                                   const struct secret *content, struct error *error)
{
	struct stat present;

	if (fstatat(directory, path->name, &present, AT_SYMLINK_NOFOLLOW) != 0)
		return io_failed(reference, "it cannot be examined", error);
	(void)unlinkat(directory, path->temporary, 0);
	_cleanup_(close_filep) int file =
	    openat(directory, path->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (file < 0)
		return io_failed(reference, "a new file beside it cannot be made", error);
	if (fchown(file, present.st_uid, present.st_gid) != 0)
		return io_failed(reference, "the new file cannot be given to its owner", error);
	if (fchmod(file, present.st_mode & 07777) != 0 || !write_all(file, content->bytes, content->length) ||
	    fsync(file) != 0)
		return io_failed(reference, "the new file cannot be written", error);
	return RESULT_OK;
}

static enum result replace(const char *reference, const struct secret *content, struct error *error)
{
	struct key_path path;
	enum result result;

	path_split(reference, &path);
	_cleanup_(close_filep) int directory = open(path.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return io_failed(reference, "its directory cannot be opened", error);
	result = temporary_write(directory, &path, reference, content, error);
	if (result == RESULT_OK && renameat(directory, path.temporary, directory, path.name) != 0)
		result = io_failed(reference, "it cannot be replaced", error);
	if (result == RESULT_OK && fsync(directory) != 0)
		result = io_failed(reference, "its directory cannot be written to disk", error);
	if (result != RESULT_OK)
		(void)unlinkat(directory, path.temporary, 0);
	return result;
}

enum result master_key_file_add(const char *reference, struct error *error)
{
	_cleanup_(secret_done) struct secret present = {0};
	_cleanup_(secret_done) struct secret both = {0};
	_cleanup_(secret_done) struct secret key = {0};
	enum result result = secret_reference_read(reference, &present, error);

	if (result != RESULT_OK)
		return result;
	if (secret_new(NULL, KEY_SIZE, &key) != RESULT_OK ||
	    secret_new(NULL, KEY_TEXT + 1 + present.length + 1, &both) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory for a new master key.");
	id_random_bytes((uint8_t *)key.bytes, KEY_SIZE);
	(void)EVP_EncodeBlock((unsigned char *)both.bytes, (const unsigned char *)key.bytes, KEY_SIZE);
	both.bytes[KEY_TEXT] = '\n';
	memcpy(both.bytes + KEY_TEXT + 1, present.bytes, present.length);
	both.bytes[KEY_TEXT + 1 + present.length] = '\n';
	return replace(reference, &both, error);
}

enum result master_key_file_settle(const char *reference, struct error *error)
{
	_cleanup_(secret_done) struct secret both = {0};
	_cleanup_(secret_done) struct secret first = {0};
	enum result result = secret_reference_read(reference, &both, error);

	if (result != RESULT_OK)
		return result;
	const char *end = memchr(both.bytes, '\n', both.length);
	size_t length = end != NULL ? (size_t)(end - both.bytes) : both.length;
	if (secret_new(NULL, length + 1, &first) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory for the master key.");
	memcpy(first.bytes, both.bytes, length);
	first.bytes[length] = '\n';
	return replace(reference, &first, error);
}
