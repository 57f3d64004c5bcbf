/* Users as Graph tells them, and how they are asked for. */
#ifndef AIC_CONNECTOR_ENTRA_USERS_H
#define AIC_CONNECTOR_ENTRA_USERS_H

#include <jansson.h>

#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/graph_request.h"

/* A user object of Graph; copies into the arena. RESULT_INVALID without an id. */
enum result entra_user_read(const json_t *object, struct arena *arena, struct directory_user *ret_user) MUST_CHECK;
/* What a failure of the reading is: graph_bad_response, or want of memory. */
enum result entra_user_bad(enum result result, struct error *error);

/* The questions that are asked about one address, as paths with their filters. */
enum entra_user_query {
	ENTRA_USER_BY_UPN,
	ENTRA_USER_BY_MAIL,
	ENTRA_USER_BY_PRIMARY_ADDRESS,
	ENTRA_USER_BY_PROXY_ADDRESS,
	ENTRA_USER_BY_OTHER_MAIL,
	ENTRA_USER_BY_EXTERNAL_NAME, /* the #EXT# form that a guest's name has */
	ENTRA_USER_QUERIES,
};
char *entra_user_query_path(enum entra_user_query query, const char *address, struct arena *arena) MUST_CHECK;
/* Something before and after the last @. */
bool entra_address_is_askable(const char *address);

/* Only an object id or a name with an @ is asked for: "/users/delta" is no user. */
bool entra_user_is_askable(const char *id_or_name);
char *entra_user_path(struct arena *arena, const char *id_or_name) MUST_CHECK;
/* Asks for many (at most 15) by their object ids: a list of those who are there, in any order. */
char *entra_users_path(struct arena *arena, const char *const *object_ids, size_t count) MUST_CHECK;

/* What came back for a user's path, alone or in a $batch. */
struct user_answer {
	enum result result;
	int status;
	const json_t *body;
	const struct graph_fault *fault;
};
/* RESULT_NOT_FOUND (user_not_found) if nobody answers to the name; any other failure is the answer's own, or
 * graph_bad_response. */
enum result entra_user_take(const struct user_answer *answer, const char *id_or_name, struct arena *arena,
                            struct directory_user *ret_user, struct error *error) MUST_CHECK;

/* Whether the directory knows that object id as a user. RESULT_NOT_FOUND with user_not_found if not. */
enum result entra_user_exists(struct graph_session *session, const char *object_id, struct error *error) MUST_CHECK;

/* Not the name that was asked for, to us; but beyond ASCII the directory may take the two for one. */
bool entra_user_is_other_spelling(const char *asked, const char *told);

#endif
