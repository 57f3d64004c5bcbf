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
	int64_t place;
	int64_t made_ms;
};

static bool token_read(const struct entra_call *call, const char *token, struct position *ret_position)
{
	uint8_t *bytes;
	size_t length;
	struct position position = {0};
	if (text_base64url_decode(call->request->arena, token, strlen(token), &bytes, &length) != RESULT_OK)
		return false;
	char *plain = arena_strndup(call->request->arena, (const char *)bytes, length);
	char *id = plain ? strchr(plain, '|') : NULL;
	char *place = id ? strchr(id + 1, '|') : NULL;
	char *made = place ? strchr(place + 1, '|') : NULL;
	if (!made)
		return false;
	*id++ = *place++ = *made++ = '\0';
	if (!text_equal(plain, "1") || text_parse_int(place, -1, INT64_MAX, &position.place) != RESULT_OK ||
	    text_parse_int(made, 0, INT64_MAX, &position.made_ms) != RESULT_OK)
		return false;
	snprintf(position.id, sizeof(position.id), "%s", id);
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

struct ordered {
	const char *id;
	const char *name;
};

static int ordered_compare(const void *a, const void *b)
{
	return strcasecmp(((const struct ordered *)a)->name, ((const struct ordered *)b)->name);
}

/* $orderby=displayName [asc|desc]: the same ids in that order. NULL, and the reply made, for any other order. */
static json_t *source_order(struct entra_call *call, json_t *source, json_t *records)
{
	const char *order = request_query(call->request, "$orderby");
	size_t count = 0;
	const char *id;
	json_t *value;
	if (!order)
		return source;
	if (!records || !(text_equal(order, "displayName") || text_equal(order, "displayName asc") ||
	                  text_equal(order, "displayName desc"))) {
		entra_fail(call, 400, "Request_UnsupportedQuery", "Sorting by '%s' is not supported.", order);
		return NULL;
	}
	struct ordered *all = arena_array(call->request->arena, json_object_size(source) + 1, sizeof(*all));
	json_object_foreach(source, id, value)
	{
		const char *name = json_string_at(json_object_get(records, id), "properties.displayName");
		all[count++] = (struct ordered){.id = id, .name = name ? name : ""};
	}
	qsort(all, count, sizeof(*all), ordered_compare);
	json_t *sorted = request_keep(call->request, json_object());
	for (size_t i = 0; i < count; i++) {
		const char *next = all[text_ends_with(order, " desc") ? count - 1 - i : i].id;
		json_object_set_new(sorted, next, json_integer((json_int_t)i + 1));
	}
	return sorted;
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

/* An option that is not answered is refused: silence would look like an answer. */
static bool options_supported(struct entra_call *call)
{
	if (!request_query(call->request, "$expand"))
		return true;
	entra_fail(call, 400, "Request_UnsupportedQuery", "The sandbox does not answer $expand.");
	return false;
}

void entra_reply_page(struct entra_call *call, const struct entra_listing *wanted)
{
	struct entra_listing copy = *wanted;
	const struct entra_listing *listing = &copy;
	struct position position = {0};
	struct position last = {0};
	if (!position_read(call, &position) || !options_supported(call))
		return;
	copy.source = source_order(call, wanted->source, wanted->ordered_by);
	if (!copy.source)
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
