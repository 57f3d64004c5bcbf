/* The access token of OAuth client credentials: fetched once, kept in secret memory, refreshed before it ends. Private
 * to jira/. */
#ifndef AIC_JIRA_JIRA_TOKEN_H
#define AIC_JIRA_JIRA_TOKEN_H

#include <pthread.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "jira/jira.h"

struct jira_token {
	pthread_mutex_t lock; /* held while one flight fetches a new token: the others wait for it and share it */
	struct secret value;
	int64_t refresh_at;  /* monotonic ms */
	uint64_t generation; /* counts the tokens fetched */
};

void jira_token_init(struct jira_token *token);
void jira_token_done(struct jira_token *token);

/* "Bearer <token>" in the arena. `refused` names the generation that Jira answered 401 to (0: none): if that one is
 * still kept, it is thrown away first. *ret_generation names the one given. */
enum result jira_token_header(struct jira_token *token, const struct jira_options *options, uint64_t refused,
                              struct arena *arena, const char **ret_header, uint64_t *ret_generation,
                              struct error *error) MUST_CHECK;

#endif
