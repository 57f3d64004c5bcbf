/* The one way in which a function here says that it could not do its work.
 *
 * A function that can fail returns `enum result`, is MUST_CHECK, takes its out-parameters last (named `ret_…`,
 * untouched on failure) and, where the reader of the failure is a person, a `struct error *` as its very last
 * parameter. Library code never logs: the route, the job and the command do, once. */
#ifndef AIC_BASE_RESULT_H
#define AIC_BASE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

enum result {
	RESULT_OK = 0,
	RESULT_NO_MEMORY,    /* an allocation failed, or an arena or text met its ceiling for lack of memory */
	RESULT_INVALID,      /* what was given is not acceptable; error.code says which rule */
	RESULT_NOT_FOUND,    /* the thing named does not exist */
	RESULT_CONFLICT,     /* the state of the thing does not allow it; error.code says why */
	RESULT_PRECONDITION, /* the expected version is not the present one */
	RESULT_DENIED,       /* the other side refused us: authentication or permission */
	RESULT_THROTTLED,    /* the other side asks us to wait */
	RESULT_UNAVAILABLE,  /* the other side, or the store, cannot answer now; trying later is right */
	RESULT_TIMEOUT,      /* no answer in time; what was asked may have been done */
	RESULT_TOO_LARGE,    /* over a limit set from birth */
	RESULT_PROTOCOL,     /* an answer came that cannot be understood */
	RESULT_IO,           /* this machine: file, socket, disk */
	RESULT_MAX
};

/* What went wrong, in a form that a person can act upon. Never holds a secret. */
struct error {
	enum result result;
	char code[48];          /* stable string of the contract, "" where there is none */
	char detail[512];       /* one sentence */
	bool retryable;         /* the same call may succeed later without anybody acting */
	int64_t retry_after_ms; /* what the other side asked for; -1: it said nothing */
	int http_status;        /* 0: no answer */
	long aadsts;            /* 0: none */
	char remote_code[64];   /* Graph's error.code, or OAuth's error */
	char correlation_id[64];
	char trace_id[64];
	char request_id[64];        /* Graph's request-id */
	char client_request_id[64]; /* ours */
};

/* Fills *error (which may be NULL) and returns `result`, so that a failing function can end in one line.
 * Clears every other member; set them after. `code` may be NULL for "". */
enum result error_set(struct error *error, enum result result, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* "conflict", "not found" …; never NULL. */
const char *result_name(enum result result);

#endif
