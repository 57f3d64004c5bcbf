/* The API's nouns and verbs, as the command line offers them. Routes, options and columns all come from this table. */
#ifndef AIC_CLI_CLIENT_TABLE_H
#define AIC_CLI_CLIENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/arguments.h"

enum client_field_kind {
	FIELD_TEXT,
	FIELD_TEXT_OR_NONE, /* "none" is null */
	FIELD_NUMBER,
	FIELD_YES_NO,
	FIELD_SWITCH,      /* given: true */
	FIELD_TEXTS,       /* comma-separated */
	FIELD_NUMBERS,     /* likewise; "none" is an empty list */
	FIELD_SECRET_FILE, /* the content of a file, or of standard input for "-": a secret never stands in the process list
	                    */
	FIELD_QUERY,       /* a query parameter */
	FIELD_QUERY_TRUE,  /* one that is true if given */
};

struct client_field {
	struct option_row option;
	const char *member; /* "config.tenantId"; of a FIELD_QUERY the parameter's name */
	enum client_field_kind kind;
};

struct client_column {
	const char *heading;
	const char *path;
};

enum client_shape {
	CLIENT_SHOW,    /* prints the object of the answer */
	CLIENT_LIST,    /* pages of items */
	CLIENT_CREATE,  /* a body from --file and options; Idempotency-Key */
	CLIENT_REPLACE, /* reads the object, lays --file or the options over it, writes it back under its ETag */
	CLIENT_ACT,     /* a body from the options alone, if there are any */
	CLIENT_DELETE,
	CLIENT_REPORT, /* a connection test; exit 1 if it failed */
	CLIENT_STREAM, /* prints the body as it is */
	CLIENT_UPLOAD, /* sends a CSV file as it is */
};

struct client_verb {
	const char *name;
	enum client_shape shape;
	const char *method;
	const char *path;      /* below /api/v1; each {} is a positional argument */
	const char *arguments; /* "CONNECTOR-ID" */
	const char *summary;
	const struct client_field *fields;
	size_t field_count;
	const struct client_column *columns; /* of a list; of what --dry-run of an action answers */
	size_t column_count;
	bool confirms;     /* the body's "confirm" repeats the positional argument */
	const char *fixed; /* JSON of members that every body has unless told otherwise; NULL */
};

struct client_noun {
	const char *name;
	const char *summary;
	const struct client_verb *verbs;
	size_t verb_count;
};

extern const struct client_noun client_nouns[];
extern const size_t client_noun_count;

const struct client_noun *client_noun_find(const char *name);
const struct client_verb *client_verb_find(const struct client_noun *noun, const char *name);

#endif
