/* The operator's allow list: which secrets a person with the API may make this process read.
 *
 * Without it an admin of the API could name any file that the service can read and have it sent, as a "client secret",
 * to a login_url. So nothing is allowed by default, a directory allows only what lies beneath it without any link on
 * the way, and the kernel, not a comparison of strings, says what lies beneath (openat2). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "secrets/reference.h"
#include "secrets/reference_file.h"

#define NOT_ALLOWED "secret_reference_not_allowed"

struct item {
	const char *start;
	size_t length;
};

/* The next item of the list, trimmed; false at the end. An item may be empty. */
static bool next_item(const char **at, struct item *ret_item)
{
	if (!*at)
		return false;

	const char *start = *at;
	const char *comma = strchr(start, ',');
	const char *end = comma ? comma : start + strlen(start);

	*at = comma ? comma + 1 : NULL;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*ret_item = (struct item){start, (size_t)(end - start)};
	return true;
}

/* The part after `kind`, or false if the item is of another kind. */
static bool item_of_kind(struct item item, const char *kind, struct item *ret_rest)
{
	size_t length = strlen(kind);

	if (item.length < length || memcmp(item.start, kind, length) != 0)
		return false;
	*ret_rest = (struct item){item.start + length, item.length - length};
	return true;
}

static bool has_dot_segment(struct item path)
{
	const char *at = path.start;
	const char *end = path.start + path.length;

	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t length = (size_t)((slash ? slash : end) - at);

		if ((length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
			return true;
		at += length + 1;
	}
	return false;
}

static bool directory_is_valid(struct item path)
{
	return path.length > 1 && path.length < SECRET_REFERENCE_LONGEST && path.start[0] == '/' && !has_dot_segment(path);
}

static bool pattern_is_valid(struct item name, bool (*is_valid)(const char *name, size_t length))
{
	if (name.length > 0 && name.start[name.length - 1] == '*')
		return name.length == 1 || is_valid(name.start, name.length - 1);
	return is_valid(name.start, name.length);
}

static bool item_is_valid(struct item item)
{
	struct item rest;

	if (item_of_kind(item, "dir:", &rest))
		return directory_is_valid(rest);
	if (item_of_kind(item, "env:", &rest))
		return pattern_is_valid(rest, reference_env_name_is_valid);
	return item_of_kind(item, "systemd:", &rest) && pattern_is_valid(rest, reference_systemd_name_is_valid);
}

static bool text_is_blank(const char *text)
{
	return !text || text[strspn(text, " \t")] == '\0';
}

enum result secret_allow_list_check(const char *text, struct error *error)
{
	const char *at = text_is_blank(text) ? NULL : text;
	struct item item;
	int number = 0;

	while (next_item(&at, &item)) {
		number++;
		if (!item_is_valid(item))
			return error_set(error, RESULT_INVALID, "validation_failed",
			                 "item %d is none of dir:/path, env:NAME, env:PREFIX*, systemd:NAME, systemd:*", number);
	}
	return RESULT_OK;
}

static bool pattern_matches(struct item pattern, const char *name)
{
	if (pattern.length > 0 && pattern.start[pattern.length - 1] == '*')
		return strncmp(name, pattern.start, pattern.length - 1) == 0;
	return strlen(name) == pattern.length && memcmp(name, pattern.start, pattern.length) == 0;
}

/* The path of `file` relative to the directory, or NULL if it does not begin there. */
static const char *path_beneath(struct item directory, const char *file)
{
	size_t length = directory.length;

	while (length > 1 && directory.start[length - 1] == '/')
		length--;
	if (strncmp(file, directory.start, length) != 0 || file[length] != '/')
		return NULL;
	file += length;
	return file + strspn(file, "/");
}

static bool name_is_allowed(const char *list, const char *kind, const char *name)
{
	const char *at = list;
	struct item item;
	struct item pattern;

	while (next_item(&at, &item))
		if (item_of_kind(item, kind, &pattern) && pattern_matches(pattern, name))
			return true;
	return false;
}

static enum result not_allowed(const char *reference, struct error *error)
{
	return error_set(error, RESULT_DENIED, NOT_ALLOWED,
	                 "%s is not among the references that this service may read ([secrets] allow).", reference);
}

static enum result read_beneath(struct item directory, const char *relative, const char *reference,
                                struct secret *ret_secret, struct error *error)
{
	char path[SECRET_REFERENCE_LONGEST + 1];

	if (directory.length >= sizeof(path))
		return not_allowed(reference, error);
	memcpy(path, directory.start, directory.length);
	path[directory.length] = '\0';

	int file = reference_open_beneath(path, relative);

	if (file < 0 && errno == EXDEV)
		return not_allowed(reference, error);
	if (file < 0 && errno == ELOOP)
		return error_set(error, RESULT_DENIED, NOT_ALLOWED,
		                 "%s goes through a symbolic link, which is not followed below an allowed directory.",
		                 reference);
	if (file < 0)
		return reference_open_failed(reference, errno, error);
	return reference_file_read(file, reference, REFERENCE_OWNER_ONLY, ret_secret, error);
}

static enum result read_file_allowed(const char *reference, const char *list, struct secret *ret_secret,
                                     struct error *error)
{
	const char *file = reference + strlen("file:");
	const char *at = list;
	struct item item;
	struct item directory;

	while (next_item(&at, &item)) {
		const char *relative = item_of_kind(item, "dir:", &directory) ? path_beneath(directory, file) : NULL;

		if (!text_is_empty(relative))
			return read_beneath(directory, relative, reference, ret_secret, error);
	}
	return not_allowed(reference, error);
}

enum result secret_reference_read_allowed(const char *reference, const struct secret_allow_list *allow,
                                          struct secret *ret_secret, struct error *error)
{
	const char *list = allow && !text_is_blank(allow->text) ? allow->text : NULL;
	bool allowed;

	if (!secret_reference_is_valid(reference))
		return error_set(error, RESULT_INVALID, "secret_reference_unreadable",
		                 "This is not a secret reference: env:NAME, file:/path or systemd:NAME.");
	if (text_starts_with(reference, "file:"))
		return read_file_allowed(reference, list, ret_secret, error);
	if (text_starts_with(reference, "env:"))
		allowed = name_is_allowed(list, "env:", reference + strlen("env:"));
	else
		allowed = name_is_allowed(list, "systemd:", reference + strlen("systemd:"));
	return allowed ? secret_reference_read(reference, ret_secret, error) : not_allowed(reference, error);
}
