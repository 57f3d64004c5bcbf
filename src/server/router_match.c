#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "server/router.h"

enum result router_unescape(struct arena *arena, const char *at, size_t length, const char **ret_text)
{
	char *out = arena_alloc(arena, length + 1);
	size_t written = 0;
	if (out == NULL)
		return RESULT_NO_MEMORY;
	*ret_text = NULL;
	for (size_t i = 0; i < length; i++) {
		if (at[i] != '%') {
			out[written++] = at[i];
			continue;
		}
		uint8_t byte;
		if (i + 2 >= length || text_hex_decode(at + i + 1, 2, &byte) != RESULT_OK || byte == 0)
			return RESULT_OK;
		out[written++] = (char)byte;
		i += 2;
	}
	if (text_is_utf8(out, written))
		*ret_text = out;
	return RESULT_OK;
}

static size_t router_segment(const char *at)
{
	return strcspn(at, "/");
}

/* Fixed segments are compared as they came; only what stands for a {name} is decoded. */
static enum result router_match_path(const char *pattern, const char *path, struct arena *arena,
                                     const char *parameters[CALL_PARAMETERS_MAX], bool *ret_fits)
{
	size_t parameter = 0;
	*ret_fits = false;
	while (*pattern == '/' && *path == '/') {
		pattern++;
		path++;
		size_t wanted = router_segment(pattern);
		size_t given = router_segment(path);
		if (pattern[0] == '{') {
			if (given == 0 || parameter == CALL_PARAMETERS_MAX)
				return RESULT_OK;
			enum result result = router_unescape(arena, path, given, &parameters[parameter]);
			if (result != RESULT_OK || parameters[parameter] == NULL)
				return result;
			parameter++;
		} else if (wanted != given || memcmp(pattern, path, wanted) != 0) {
			return RESULT_OK;
		}
		pattern += wanted;
		path += given;
	}
	*ret_fits = *pattern == '\0' && *path == '\0';
	return RESULT_OK;
}

static void router_allow(struct route_match *match, const char *method)
{
	size_t used = strlen(match->allow);
	snprintf(match->allow + used, sizeof match->allow - used, "%s%s%s", used > 0 ? ", " : "", method,
	         strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

/* A fixed path goes before one with a name in that place: "/audit-events/export", should there ever be
 * "/audit-events/{seq}". The table lists fixed ones first, so the first that fits is it. */
enum result router_match(const char *method, const char *path, struct arena *arena, struct route_match *ret_match)
{
	struct route_match match = {0};
	size_t count;
	const struct route *routes = route_table(&count);
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < count; i++) {
		const char *parameters[CALL_PARAMETERS_MAX] = {0};
		bool fits;
		enum result result = router_match_path(routes[i].pattern, path, arena, parameters, &fits);
		if (result != RESULT_OK)
			return result;
		if (!fits)
			continue;
		match.path_known = true;
		router_allow(&match, routes[i].method);
		if (match.route == NULL && strcmp(routes[i].method, method) == 0) {
			match.route = &routes[i];
			memcpy(match.parameters, parameters, sizeof parameters);
		}
	}
	*ret_match = match;
	return RESULT_OK;
}
