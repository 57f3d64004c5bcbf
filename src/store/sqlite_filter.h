/* Lists with filters: one of the given filters drives the query through its index, the others only sieve. */
#ifndef AIC_STORE_SQLITE_FILTER_H
#define AIC_STORE_SQLITE_FILTER_H

#include "store/sqlite_session.h"
#include "store/store.h"

/* In order of how few rows each is expected to leave. */
struct filter_term {
	const char *condition; /* "r.status = " ; completed by its value */
	const char *sieve;     /* the same without the use of an index: "+r.status = " */
	const char *value;     /* NULL: not asked for */
	bool joins_driver;     /* an index begins with the driver's column and goes on with this one */
};

#define FILTER_SQL_SIZE 2048
#define FILTER_TERMS_MAX 4

struct filter_query {
	char sql[FILTER_SQL_SIZE];
	struct sql_value values[FILTER_TERMS_MAX + 3];
};

/* "SELECT columns FROM … WHERE <terms> AND <key> < after ORDER BY <key> DESC LIMIT limit + 1". `select` ends before
 * WHERE. */
void filter_build(struct filter_query *query, const char *select, const char *key, const struct filter_term *terms,
                  size_t count, const struct page *page);

#endif
