/* commit_each FILE COUNT: the plainest durable inbox: one row, one commit with synchronous=FULL in WAL. The baseline
 * for webhooks acknowledged a second. Prints one line of JSON. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

int main(int argc, char **argv)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *insert = NULL;
	if (argc != 3 || sqlite3_open(argv[1], &database) != SQLITE_OK) {
		return 2;
	}
	long count = atol(argv[2]);
	sqlite3_exec(
	    database,
	    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE inbox(id INTEGER PRIMARY KEY, body TEXT)", NULL,
	    NULL, NULL);
	sqlite3_prepare_v2(database, "INSERT INTO inbox(body) VALUES(?1)", -1, &insert, NULL);
	int64_t started = clock_monotonic_ms(clock_system());
	for (long i = 0; i < count; i++) {
		sqlite3_bind_text(insert, 1, "{\"webhookEvent\":\"jira:issue_updated\",\"issue\":{\"key\":\"BENCH-1\"}}", -1,
		                  SQLITE_STATIC);
		if (sqlite3_step(insert) != SQLITE_DONE) {
			return 1;
		}
		sqlite3_reset(insert);
	}
	printf("{\"rows\":%ld,\"ms\":%lld}\n", count, (long long)(clock_monotonic_ms(clock_system()) - started));
	sqlite3_finalize(insert);
	sqlite3_close(database);
	return 0;
}
