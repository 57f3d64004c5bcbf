/* The SQLite store from the inside: its threads, and the two ways to the database. */
#ifndef AIC_STORE_SQLITE_STORE_H
#define AIC_STORE_SQLITE_STORE_H

#include <pthread.h>
#include <semaphore.h>

#include "domain/clock_watch.h"
#include "store/sqlite_session.h"
#include "store/store.h"

#define SQLITE_READERS_MAX 6
#define SQLITE_GROUP_MAX 128
#define SQLITE_STAGING_SIZE 512

struct sqlite_write;

/* Where the audit chain stands within the group of writes under way. */
struct audit_position {
	bool known;
	bool advanced;
	int64_t seq;
	char hash[DIGEST_HEX_SIZE];
};

struct sqlite_store {
	struct store store; /* first: every implementation begins with this */
	const struct clock *clock;
	char *path;
	int lock_fd; /* -1: not exclusive */

	pthread_t writer_thread;
	struct sqlite_connection *writer; /* the writer thread's own */
	struct arena *scratch;            /* likewise */
	struct audit_position audit;      /* likewise */
	struct clock_anchor clock_anchor; /* likewise */
	_Atomic bool clock_judged;        /* the anchor is made */
	int64_t reviews_seen_at;          /* likewise: when it was last looked for reviews; 0: not yet */
	int64_t clock_epoch;              /* likewise: which word of an admin's the anchor was made after */
	pthread_mutex_t queue_mutex;
	pthread_cond_t queue_filled;
	struct sqlite_write *queue_first;
	struct sqlite_write **queue_last;
	bool stopping;

	pthread_mutex_t settings_mutex;
	void (*changed)(void *context);
	void *changed_context;
	const struct audit_key *audit_key; /* NULL: no signer yet */

	pthread_mutex_t readers_mutex;
	pthread_cond_t reader_free;
	struct sqlite_connection *readers[SQLITE_READERS_MAX]; /* those that nobody uses now */
	size_t reader_count;                                   /* in `readers` */
	size_t reader_total;                                   /* opened */
};

static inline struct sqlite_store *sqlite_store_of(struct store *store)
{
	return (struct sqlite_store *)store;
}

/* ---- writing ---- */

/* One queued operation. It lives with its caller until it is durable. `work` runs on the writer's thread within
 * the operation's own savepoint: what it returns other than RESULT_OK undoes all that it did. What it gives back goes
 * to `staging` (as *write_out()), and only a durable commit copies that to `ret`. */
struct sqlite_write {
	enum result (*work)(struct session *session, struct sqlite_write *write);
	const struct actor *actor;
	const char *id;
	const void *in;
	int64_t expected_version;
	bool flag;
	bool alone;      /* runs by itself and outside a transaction: what it does cannot be undone */
	bool repeatable; /* changes nothing but the database and its own staging: it may be undone and done again */
	struct idempotency *idempotency; /* NULL: none */
	struct arena *arena;             /* the caller's, for what is given back */
	struct error *error;
	void *ret;
	size_t ret_size;

	/* The writer's. */
	_Alignas(16) unsigned char staging[SQLITE_STAGING_SIZE];
	struct idempotency replay;
	enum result result;
	bool queued;
	sem_t done;
	struct sqlite_write *next;
};

enum result sqlite_write(struct store *store, struct sqlite_write *write) MUST_CHECK;
/* Queues `count` at once, so that they share commits, and waits for all: each then has its own `result`. */
void sqlite_write_all(struct store *store, struct sqlite_write *writes, size_t count);

/* Many items of a caller's, each an operation of its own. They are queued a group's worth at a time, so that what
 * somebody else writes meanwhile waits for one group and not for all. */
struct sqlite_series {
	const struct actor *actor;
	void *items;
	size_t count;
	/* Fills an empty write for the item; its `error` is where that item's error goes. */
	void (*describe)(const struct sqlite_series *series, size_t at, struct sqlite_write *write);
	/* Gives the item what its write came to. */
	void (*tell)(const struct sqlite_series *series, size_t at, struct sqlite_write *write);
};
void sqlite_write_series(struct store *store, const struct sqlite_series *series, struct arena *arena);

static inline void *write_out(struct sqlite_write *write)
{
	return write->staging;
}

#define write_refuse(write, result, ...) error_set((write)->error, (result), __VA_ARGS__)

enum result sqlite_writer_start(struct sqlite_store *store) MUST_CHECK;
void sqlite_writer_stop(struct sqlite_store *store);

/* Rewrites the database so that nothing of what was deleted is left in its free space or its log. Everybody who writes
 * waits. RESULT_UNAVAILABLE if somebody else holds the file. */
enum result sqlite_compact(struct store *store, struct error *error) MUST_CHECK;
/* The same where an erasure asked for it (compaction_ask) and it has not been done. */
enum result sqlite_compact_if_asked(struct store *store, struct error *error) MUST_CHECK;
void compaction_ask(struct session *session);

/* ---- reading ---- */

/* A session on one of the reading connections: what is committed, nothing else. */
enum result sqlite_reader_begin(struct sqlite_store *store, struct session *ret_session) MUST_CHECK;
void sqlite_reader_end(struct session *session);
void sqlite_readers_close(struct sqlite_store *store);

enum result sqlite_read_one(struct store *store, struct arena *arena, const struct row_type *type, const char *sql,
                            const struct sql_value *values, void *ret_item) MUST_CHECK;
enum result sqlite_read_list(struct store *store, struct arena *arena, const struct row_type *type, int limit,
                             const char *sql, const struct sql_value *values, void *ret_items, size_t *ret_count,
                             const char **ret_next) MUST_CHECK;
/* For lists that are short by nature. */
#define SQLITE_WHOLE_LIST 10000

#endif
