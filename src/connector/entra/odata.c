/* A nextLink is a URL that the other side chose and that we call with our token: it is followed to the place that we
 * were going to anyway, and to no other. Lists that never end have been seen in the wild (facts: a skip token that is
 * not unique, a delta that repeats); the repeat detector keeps a 64-bit digest of each link, the page ceiling bounds
 * the rest. */
#include "connector/entra/odata.h"

#include <string.h>

#include "base/digest.h"
#include "http/url.h"

#define LINK_CEILING (16 * 1024)

void odata_append_literal(struct text *text, const char *value)
{
	text_append(text, "%27");
	for (const char *at = value; *at != '\0'; at++) {
		const char one[2] = {*at, '\0'};
		text_append_percent(text, one);
		if (*at == '\'')
			text_append_percent(text, one);
	}
	text_append(text, "%27");
}

char *odata_user_path(struct arena *arena, const char *id_or_name)
{
	struct text path = TEXT_INIT(LINK_CEILING);
	text_append(&path, "/users");
	if (id_or_name[0] == '$') {
		text_append_char(&path, '(');
		odata_append_literal(&path, id_or_name);
		text_append_char(&path, ')');
	} else {
		text_append_char(&path, '/');
		text_append_percent(&path, id_or_name);
	}
	char *copy = text_failed(&path) ? NULL : arena_strdup(arena, path.data);
	text_done(&path);
	return copy;
}

void odata_walk_init(struct odata_walk *walk, const struct entra_place *place, size_t page_ceiling)
{
	*walk = (struct odata_walk){.place = place, .page_ceiling = page_ceiling};
}

void odata_walk_done(struct odata_walk *walk)
{
	memory_free(walk->seen);
	walk->seen = NULL;
}

bool odata_link_leads_home(const struct entra_place *place, const char *link)
{
	if (strlen(link) > LINK_CEILING)
		return false;
	return url_same_origin(link, place->graph) || url_same_origin(link, place->cloud->graph);
}

/* The link, on the way that our requests take. */
static char *link_resolve(const struct entra_place *place, const char *link, struct arena *arena)
{
	if (url_same_origin(link, place->graph))
		return arena_strdup(arena, link);
	const char *rest = strchr(strstr(link, "://") + 3, '/');
	return arena_printf(arena, "%s%s", place->graph, rest != NULL ? rest : "/");
}

static enum result seen_grow(struct odata_walk *walk)
{
	size_t capacity = walk->seen_capacity == 0 ? 16 : walk->seen_capacity * 2;
	uint64_t *seen = memory_realloc(walk->seen, capacity * sizeof(*seen));
	if (seen == NULL)
		return RESULT_NO_MEMORY;
	walk->seen = seen;
	walk->seen_capacity = capacity;
	return RESULT_OK;
}

/* RESULT_CONFLICT if the link was seen before. Linear, which a thousand pages of a network do not notice. */
static enum result seen_add(struct odata_walk *walk, const char *link)
{
	uint8_t digest[DIGEST_SIZE];
	enum result result = digest_sha256(link, strlen(link), digest);
	if (result != RESULT_OK)
		return result;
	uint64_t short_digest;
	memcpy(&short_digest, digest, sizeof(short_digest));
	for (size_t i = 0; i < walk->pages; i++)
		if (walk->seen[i] == short_digest)
			return RESULT_CONFLICT;
	if (walk->pages == walk->seen_capacity) {
		result = seen_grow(walk);
		if (result != RESULT_OK)
			return result;
	}
	walk->seen[walk->pages++] = short_digest;
	return RESULT_OK;
}

enum result odata_link_read(const struct entra_place *place, const json_t *page, const char *name, struct arena *arena,
                            const char **ret_url, struct error *error)
{
	const char *link = json_string_value(json_object_get(page, name));
	if (text_is_empty(link)) {
		*ret_url = NULL;
		return RESULT_OK;
	}
	if (!odata_link_leads_home(place, link))
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list goes on at another server, which is not followed.");
	const char *url = link_resolve(place, link, arena);
	if (url == NULL)
		return error_set(error, RESULT_NO_MEMORY, NULL, "Out of memory.");
	*ret_url = url;
	return RESULT_OK;
}

enum result odata_walk_next(struct odata_walk *walk, const json_t *page, struct arena *arena, const char **ret_url,
                            struct error *error)
{
	const char *url = NULL;
	if (!text_is_empty(json_string_value(json_object_get(page, "@odata.nextLink"))) &&
	    walk->pages + 1 >= walk->page_ceiling)
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list goes on for more than %zu pages.", walk->page_ceiling);
	enum result result = odata_link_read(walk->place, page, "@odata.nextLink", arena, &url, error);
	if (result != RESULT_OK)
		return result;
	if (url != NULL)
		result = seen_add(walk, url);
	if (result == RESULT_CONFLICT)
		return error_set(error, RESULT_PROTOCOL, "graph_bad_response",
		                 "Microsoft Graph's list leads back to a page that was read before.");
	if (result != RESULT_OK)
		return error_set(error, result, NULL, "Out of memory.");
	*ret_url = url;
	return RESULT_OK;
}

bool odata_page_lists(const json_t *page, const char *wanted)
{
	const json_t *value = json_object_get(page, "value");
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *id = json_string_value(json_object_get(json_array_get(value, i), "id"));
		if (id != NULL && text_equal_fold(id, wanted))
			return true;
	}
	return false;
}
