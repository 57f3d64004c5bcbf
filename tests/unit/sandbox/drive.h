/* Calls the sandbox's handlers without a server in between. */
#ifndef AIC_TESTS_SANDBOX_DRIVE_H
#define AIC_TESTS_SANDBOX_DRIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "web.h"

struct drive {
	struct sandbox sandbox;
	struct arena *arena;
	json_t *headers;
	struct reply reply;
	web_handler *handler;
};

static inline int drive_start(void **state)
{
	static struct drive drive;
	drive = (struct drive){.arena = arena_new(32 << 20), .headers = json_object()};
	assert_non_null(drive.arena);
	assert_int_equal(sandbox_start(&drive.sandbox), RESULT_OK);
	*state = &drive;
	return 0;
}

static inline void drive_header(struct drive *drive, const char *name, const char *value)
{
	json_object_set_new(drive->headers, name, json_string(value));
}

/* The status; the answer's JSON is in drive->reply until the next call. `body` NULL: none. */
static inline int drive_call(struct drive *drive, const char *method, const char *target, const char *body)
{
	struct request request = {.arena = drive->arena,
	                          .method = method,
	                          .headers = drive->headers,
	                          .body = body ? body : "",
	                          .length = body ? strlen(body) : 0,
	                          .origin = "http://127.0.0.1:1"};
	reply_done(&drive->reply);
	assert_true(request_read_target(&request, target));
	pthread_mutex_lock(&drive->sandbox.lock);
	drive->handler(&drive->sandbox, &request, &drive->reply);
	pthread_mutex_unlock(&drive->sandbox.lock);
	request_done(&request);
	return drive->reply.status;
}

static inline const char *drive_string(const struct drive *drive, const char *path)
{
	return json_string_at(drive->reply.json, path);
}

#endif
