/* Filtered pages (sqlite_filter.h).
 *
 * Without statistics the query planner cannot know that one account has few rows and one status has a million. So the
 * order of the terms says it: the first one that is asked for is left plain, and the unary + before the others keeps
 * their indexes out of it. Every driving index ends in the id by which the list is ordered, so a page costs as much as
 * its rows. */
#include <stdio.h>
#include <string.h>

#include "store/sqlite_filter.h"
#include "store/sqlite_work.h"

static void query_add(struct filter_query *query, size_t *length, const char *text)
{
	size_t more = strlen(text);

	if (*length + more >= sizeof(query->sql))
		return; /* cannot happen: the parts are constants that fit */
	memcpy(query->sql + *length, text, more + 1);
	*length += more;
}

static void query_value(struct filter_query *query, size_t *length, size_t *count, struct sql_value value)
{
	char placeholder[16];

	query->values[(*count)++] = value;
	snprintf(placeholder, sizeof(placeholder), "?%zu", *count);
	query_add(query, length, placeholder);
}

void filter_build(struct filter_query *query, const char *select, const char *key, const struct filter_term *terms,
                  size_t count, const struct page *page)
{
	size_t length = 0, bound = 0;
	bool driven = false, joined = false;

	query_add(query, &length, select);
	query_add(query, &length, " WHERE ");
	for (size_t at = 0; at < count; at++) {
		if (terms[at].value == NULL)
			continue;
		query_add(query, &length,
		          !driven || (joined && terms[at].joins_driver) ? terms[at].condition : terms[at].sieve);
		query_value(query, &length, &bound, sql_text(terms[at].value));
		query_add(query, &length, " AND ");
		joined = !driven && at + 1 < count && terms[at + 1].joins_driver;
		driven = true;
	}
	query_add(query, &length, key);
	query_add(query, &length, " < ");
	query_value(query, &length, &bound, sql_text(page_after_down(page)));
	query_add(query, &length, " ORDER BY ");
	query_add(query, &length, key);
	query_add(query, &length, " DESC LIMIT ");
	query_value(query, &length, &bound, sql_int(page_limit(page) + 1));
	query->values[bound] = (struct sql_value){.kind = SQL_END};
}
