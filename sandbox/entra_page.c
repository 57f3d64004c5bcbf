/* Listings, page by page. The skip token says after which object to go on and, for members, after which place in the
 * order of joining: a member who left between two pages must not make the next one skip anybody. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "entra.h"

static const char *token_make(const struct entra_call *call, const char *id, int64_t place)
{
	struct arena *arena = call->request->arena;
	char *plain = arena_printf(arena, "1|%s|%lld|%lld", id, (long long)place, (long long)sandbox_now_ms(call->sandbox));
	return plain ? text_base64url_encode(arena, (const uint8_t *)plain, strlen(plain)) : NULL;
}

struct position {
	char id[40];
	long long place;
	long long made_ms;
};

static bool token_read(const struct entra_call *call, const char *token, struct position *ret_position)
{
	uint8_t *bytes;
	size_t length;
	struct position position = {0};
	if (text_base64url_decode(call->request->arena, token, strlen(token), &bytes, &length) != RESULT_OK)
		return false;
	char *plain = arena_strndup(call->request->arena, (const char *)bytes, length);
	if (!plain || sscanf(plain, "1|%36[^|]|%lld|%lld", position.id, &position.place, &position.made_ms) != 3)
		return false;
	*ret_position = position;
	return true;
}

static const char *next_link(const struct entra_call *call, const char *token)
{
	struct text link = TEXT_INIT(1 << 16);
	const char *name;
	json_t *value;
	text_append(&link, call->request->origin);
	for (size_t i = 0; i < call->request->segments; i++) {
		text_append(&link, "/");
		text_append_percent(&link, call->request->segment[i]);
	}
	text_append(&link, "?");
	json_object_foreach(call->request->query, name, value)
	{
		if (text_equal(name, "$skiptoken"))
			continue;
		text_printf(&link, "%s=", name);
		text_append_percent(&link, json_string_value(value));
		text_append(&link, "&");
	}
	text_printf(&link, "$skiptoken=%s", token);
	const char *copy = text_failed(&link) ? NULL : arena_strdup(call->request->arena, link.data);
	text_done(&link);
	return copy;
}

/* Where to go on; NULL at the end. */
static void *listing_resume(const struct entra_listing *listing, const struct position *position)
{
	if (!position->id[0] || text_equal(position->id, "-"))
		return json_object_iter(listing->source);
	void *at = json_object_iter_at(listing->source, position->id);
	if (at)
		return json_object_iter_next(listing->source, at);
	for (at = json_object_iter(listing->source); at; at = json_object_iter_next(listing->source, at))
		if (json_integer_value(json_object_iter_value(at)) > position->place)
			break;
	return at;
}

static bool listing_fits(const struct entra_call *call, const struct entra_listing *listing, const char *id)
{
	return !listing->fits || listing->fits(call, id, listing->closure);
}

static int64_t listing_count(const struct entra_call *call, const struct entra_listing *listing)
{
	int64_t count = 0;
	for (void *at = json_object_iter(listing->source); at; at = json_object_iter_next(listing->source, at))
		count += listing_fits(call, listing, json_object_iter_key(at)) ? 1 : 0;
	return count;
}

static bool position_read(struct entra_call *call, struct position *ret_position)
{
	const char *token = request_query(call->request, "$skiptoken");
	int64_t lifetime = call->sandbox->faults.page_token_lifetime_ms;
	if (!token)
		return true;
	if (!token_read(call, token, ret_position)) {
		entra_fail(call, 400, "Request_BadRequest", "Invalid value specified for the skip token.");
		return false;
	}
	if (lifetime > 0 && ret_position->made_ms + lifetime < sandbox_now_ms(call->sandbox)) {
		entra_fail(call, 400, "Directory_ExpiredPageToken",
		           "The specified page token value has expired and can no longer be included in your request.");
		return false;
	}
	return true;
}

void entra_reply_page(struct entra_call *call, const struct entra_listing *listing)
{
	struct position position = {0};
	struct position last = {0};
	if (!position_read(call, &position))
		return;
	bool empty = call->sandbox->faults.empty_pages && !request_query(call->request, "$skiptoken");
	json_t *value = json_array();
	void *at = empty ? NULL : listing_resume(listing, &position);
	for (; at; at = json_object_iter_next(listing->source, at)) {
		const char *id = json_object_iter_key(at);
		if (!listing_fits(call, listing, id))
			continue;
		if ((int64_t)json_array_size(value) == listing->top)
			break;
		snprintf(last.id, sizeof(last.id), "%s", id);
		last.place = json_integer_value(json_object_iter_value(at));
		json_array_append_new(value, listing->project(call, id, listing->names));
	}
	json_t *body = json_pack("{s:s}", "@odata.context",
	                         arena_printf(call->request->arena, SANDBOX_GRAPH "/v1.0/$metadata#%s", listing->context));
	if (entra_is_advanced(call) && !request_query(call->request, "$skiptoken"))
		json_object_set_new(body, "@odata.count", json_integer(listing_count(call, listing)));
	if (empty)
		json_object_set_new(body, "@odata.nextLink", json_string(next_link(call, token_make(call, "-", -1))));
	else if (at)
		json_object_set_new(body, "@odata.nextLink",
		                    json_string(next_link(call, token_make(call, last.id, last.place))));
	json_object_set_new(body, "value", value);
	reply_json(call->reply, 200, body);
}
