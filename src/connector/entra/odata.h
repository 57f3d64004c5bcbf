/* How questions are written into Graph's URLs, and how lists of many pages are walked. */
#ifndef AIC_CONNECTOR_ENTRA_ODATA_H
#define AIC_CONNECTOR_ENTRA_ODATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"
#include "connector/entra/cloud.h"

/* `value` as a string literal of OData, percent-encoded: quotes around it, each quote in it doubled. */
void odata_append_literal(struct text *text, const char *value);

/* "/users/{…}" for an object id or user principal name: `#` and everything else that is not unreserved is encoded, a
 * name that begins with `$` takes the ('…') form. NULL if memory ran out. */
char *odata_user_path(struct arena *arena, const char *id_or_name) MUST_CHECK;

/* Walks nextLinks: same origin only, never the same link twice, at most `page_ceiling` pages. */
struct odata_walk {
	const struct entra_place *place;
	size_t page_ceiling;
	size_t pages;
	uint64_t *seen; /* private */
	size_t seen_capacity;
};
void odata_walk_init(struct odata_walk *walk, const struct entra_place *place, size_t page_ceiling);
void odata_walk_done(struct odata_walk *walk);

/* The URL to ask next after `page`, verbatim, in the arena; NULL at the end of the list. A link that names the cloud's
 * own Graph host goes where the operator's graph_url says. RESULT_PROTOCOL (graph_bad_response) for a link to anywhere
 * else, one that was followed before, or one page too many. */
enum result odata_walk_next(struct odata_walk *walk, const json_t *page, struct arena *arena, const char **ret_url,
                            struct error *error) MUST_CHECK;

/* Another link of a page, "@odata.deltaLink", by the same rule; NULL: there is none. */
enum result odata_link_read(const struct entra_place *place, const json_t *page, const char *name, struct arena *arena,
                            const char **ret_url, struct error *error) MUST_CHECK;
/* A link that was kept still leads to where we would ask. */
bool odata_link_leads_home(const struct entra_place *place, const char *link);

/* One of the objects of this page ("value") has that id, in any case of letters. */
bool odata_page_lists(const json_t *page, const char *wanted);

#endif
