#include "secrets/reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "secrets/reference_file.h"

#define UNREADABLE "secret_reference_unreadable"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool reference_env_name_is_valid(const char *name, size_t length)
{
	if (length == 0 || length > 255 || is_digit(name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_letter(name[i]) && !is_digit(name[i]) && name[i] != '_')
			return false;
	return true;
}

bool reference_systemd_name_is_valid(const char *name, size_t length)
{
	if (length == 0 || length > 255 || name[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_letter(name[i]) && !is_digit(name[i]) && !strchr("_.@-", name[i]))
			return false;
	return true;
}

static bool path_is_valid(const char *path)
{
	size_t length = strlen(path);

	if (path[0] != '/' || length < 2 || length > SECRET_REFERENCE_LONGEST || path[length - 1] == '/')
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	return text_is_utf8(path, length);
}

bool secret_reference_is_valid(const char *reference)
{
	if (!reference)
		return false;
	if (text_starts_with(reference, "env:"))
		return reference_env_name_is_valid(reference + 4, strlen(reference + 4));
	if (text_starts_with(reference, "systemd:"))
		return reference_systemd_name_is_valid(reference + 8, strlen(reference + 8));
	return text_starts_with(reference, "file:") && path_is_valid(reference + 5);
}

static enum result read_env(const char *reference, struct secret *ret_secret, struct error *error)
{
	const char *value = getenv(reference + strlen("env:"));

	if (!value)
		return error_set(error, RESULT_NOT_FOUND, UNREADABLE, "%s: the environment has no such variable.", reference);
	if (!*value)
		return error_set(error, RESULT_INVALID, UNREADABLE, "%s is empty.", reference);
	if (strlen(value) > (size_t)64 * 1024)
		return error_set(error, RESULT_TOO_LARGE, UNREADABLE, "%s is larger than 64 KiB.", reference);
	if (secret_new(value, strlen(value), ret_secret) != RESULT_OK)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Not enough memory to read %s.", reference);
	return RESULT_OK;
}

static enum result read_systemd(const char *reference, struct secret *ret_secret, struct error *error)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (text_is_empty(directory))
		return error_set(error, RESULT_NOT_FOUND, UNREADABLE,
		                 "%s: systemd gave this process no credentials (LoadCredential= in the unit).", reference);

	int file = reference_open_beneath(directory, reference + strlen("systemd:"));

	if (file < 0)
		return reference_open_failed(reference, errno, error);
	return reference_file_read(file, reference, REFERENCE_OWNER_OR_ACL, ret_secret, error);
}

static enum result read_file(const char *reference, struct secret *ret_secret, struct error *error)
{
	int file = open(reference + strlen("file:"), SECRET_FILE_FLAGS | O_NOFOLLOW);

	if (file < 0)
		return reference_open_failed(reference, errno, error);
	return reference_file_read(file, reference, REFERENCE_OWNER_ONLY, ret_secret, error);
}

enum result secret_reference_read(const char *reference, struct secret *ret_secret, struct error *error)
{
	/* What is no reference may be a secret that was put in the wrong place: it is not repeated in the sentence. */
	if (!secret_reference_is_valid(reference))
		return error_set(error, RESULT_INVALID, UNREADABLE,
		                 "This is not a secret reference: env:NAME, file:/path or systemd:NAME.");
	if (text_starts_with(reference, "env:"))
		return read_env(reference, ret_secret, error);
	if (text_starts_with(reference, "systemd:"))
		return read_systemd(reference, ret_secret, error);
	return read_file(reference, ret_secret, error);
}
