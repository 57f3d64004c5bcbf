/* What a request says, taken apart once: target, query, headers, body. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "web.h"

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)tolower((unsigned char)digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* NULL if a percent escape is broken, or hides a NUL. */
static char *percent_decode(struct arena *arena, const char *text, size_t length, bool plus_is_space)
{
	char *out = arena_alloc(arena, length + 1);
	size_t at = 0;
	if (!out)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '%') {
			out[at] = text[i];
			if (plus_is_space && text[i] == '+')
				out[at] = ' ';
			at++;
			continue;
		}
		if (i + 2 >= length || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
			return NULL;
		out[at] = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
		if (!out[at++])
			return NULL;
		i += 2;
	}
	out[at] = '\0';
	return out;
}

json_t *request_read_form(struct arena *arena, const char *form, size_t length)
{
	json_t *fields = json_object();
	const char *end = form + length;
	while (form < end) {
		const char *stop = memchr(form, '&', (size_t)(end - form));
		if (!stop)
			stop = end;
		const char *equals = memchr(form, '=', (size_t)(stop - form));
		const char *name_end = equals ? equals : stop;
		char *name = percent_decode(arena, form, (size_t)(name_end - form), true);
		char *value =
		    equals ? percent_decode(arena, equals + 1, (size_t)(stop - equals - 1), true) : arena_strdup(arena, "");
		json_t *string = value ? json_string(value) : NULL;
		if (!name || !string || json_object_set_new(fields, name, string) < 0) {
			json_decref(fields);
			return NULL;
		}
		form = stop + 1;
	}
	return fields;
}

bool request_read_target(struct request *request, const char *target)
{
	const char *question = strchr(target, '?');
	size_t length = question ? (size_t)(question - target) : strlen(target);
	request->path = percent_decode(request->arena, target, length, false);
	json_decref(request->query);
	request->query =
	    request_read_form(request->arena, question ? question + 1 : "", question ? strlen(question + 1) : 0);
	request->segments = 0;
	if (!request->path || !request->query)
		return false;
	for (size_t start = 0; start < length;) {
		size_t size = strcspn(target + start, "/?");
		if (start + size > length)
			size = length - start;
		if (size > 0) {
			if (request->segments == WEB_SEGMENTS)
				return false;
			char *segment = percent_decode(request->arena, target + start, size, false);
			if (!segment)
				return false;
			request->segment[request->segments++] = segment;
		}
		start += size + 1;
	}
	return true;
}

const char *request_header(const struct request *request, const char *lower_case_name)
{
	return json_string_value(json_object_get(request->headers, lower_case_name));
}

const char *request_query(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->query, name));
}

json_t *request_json(const struct request *request)
{
	return request->length > 0 ? json_loadb(request->body, request->length, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

bool path_fits(const char *pattern, const char *const *segments, size_t count, const char **parameters)
{
	size_t taken = 0;
	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(pattern, "/");
		if (length == 0 || !segments[i])
			return false;
		if (length == 2 && strncmp(pattern, "{}", 2) == 0)
			parameters[taken++] = segments[i];
		else if (strlen(segments[i]) != length || strncmp(pattern, segments[i], length) != 0)
			return false;
		pattern += length + (pattern[length] == '/');
	}
	return *pattern == '\0';
}

json_t *request_keep(struct request *request, json_t *value)
{
	if (!request->kept)
		request->kept = json_array();
	json_array_append_new(request->kept, value);
	return value;
}

void request_done(struct request *request)
{
	json_decref(request->query);
	json_decref(request->kept);
	request->query = request->kept = NULL;
}

void reply_json(struct reply *reply, int status, json_t *json)
{
	json_decref(reply->json);
	reply->json = json;
	reply->text = NULL;
	reply->status = json ? status : 500;
}

void reply_text(struct reply *reply, int status, const char *content_type, const char *text)
{
	json_decref(reply->json);
	reply->json = NULL;
	reply->status = text ? status : 500;
	reply->content_type = content_type;
	reply->text = text ? text : "";
}

void reply_empty(struct reply *reply, int status)
{
	reply_text(reply, status, NULL, "");
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
	if (!reply->headers)
		reply->headers = json_object();
	if (value)
		json_object_set_new(reply->headers, name, json_string(value));
}

void reply_redirect(struct reply *reply, const char *location)
{
	reply_empty(reply, 303);
	reply_header(reply, "Location", location);
}

void reply_done(struct reply *reply)
{
	json_decref(reply->json);
	json_decref(reply->headers);
	*reply = (struct reply){0};
}
