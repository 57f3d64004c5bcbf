/* What a JSON object looks like, said once: strict validation of what comes in, and the schemas of OpenAPI, are both
 * read off these tables. Pure. */
#ifndef AIC_SERVER_SHAPE_H
#define AIC_SERVER_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

enum shape_type {
	SHAPE_STRING,
	SHAPE_INTEGER,
	SHAPE_BOOLEAN,
	SHAPE_OBJECT,
	SHAPE_STRINGS,  /* array of strings */
	SHAPE_OBJECTS,  /* array of objects */
	SHAPE_INTEGERS, /* array of whole numbers, each once and from min to max */
	SHAPE_ANY,      /* an object whose members are told elsewhere */
};

enum shape_pattern {
	SHAPE_TEXT,  /* any text */
	SHAPE_LABEL, /* an id chosen by a person */
	SHAPE_UUID,
	SHAPE_REFERENCE, /* a secret reference */
	SHAPE_INSTANT,   /* RFC 3339; in answers only */
};

enum shape_flag {
	SHAPE_REQUIRED = 1 << 0,
	SHAPE_NULLABLE = 1 << 1,
	SHAPE_READ_ONLY = 1 << 2, /* accepted whatever it holds, and ignored */
	SHAPE_SECRET = 1 << 3,    /* written, never read back */
};

struct shape;

struct shape_field {
	const char *name;
	enum shape_type type;
	unsigned flags;
	int64_t min; /* string: characters; integer: value; array: members */
	int64_t max; /* 0 with min 0: no limit (answers only) */
	enum shape_pattern pattern;
	const char *const *values; /* NULL-terminated; NULL: any */
	const struct shape *shape; /* of SHAPE_OBJECT and of the members of SHAPE_OBJECTS */
	const char *about;         /* for OpenAPI; NULL */
	int64_t most;              /* of SHAPE_INTEGERS: members; 0: no limit (answers only) */
};

struct shape {
	const char *name; /* of its schema: "Connector" */
	const struct shape_field *fields;
	size_t count;
};

#define SHAPE(schema_name, field_array)                                                                                \
	{                                                                                                                  \
		.name = (schema_name), .fields = (field_array), .count = ARRAY_SIZE(field_array)                               \
	}

/* One thing that is wrong; never holds the offending value. */
struct shape_fault {
	const char *path; /* "config.tenantId", "projectKeys[2]" */
	const char *code; /* unknown_key required wrong_type too_long too_short out_of_range not_one_of malformed
	                   * duplicate */
	const char *detail;
};

#define SHAPE_FAULTS_MAX 50
struct shape_faults {
	struct shape_fault items[SHAPE_FAULTS_MAX];
	size_t count;
	bool failed; /* memory ran out while naming one */
};

/* Adds one; beyond SHAPE_FAULTS_MAX they are dropped. */
void shape_fault_add(struct shape_faults *faults, struct arena *arena, const char *path, const char *code,
                     const char *format, ...) PRINTF_LIKE(5, 6);
/* Adds every fault of `value` against `shape`. Paths and sentences live in the arena. */
void shape_check(const struct shape *shape, const json_t *value, struct arena *arena, struct shape_faults *faults);

/* The JSON Schema (2020-12, as OpenAPI 3.1 uses it) of a shape; nested shapes are references to components. NULL on
 * failure; the caller owns it. */
json_t *shape_schema(const struct shape *shape) MUST_CHECK;

#endif
