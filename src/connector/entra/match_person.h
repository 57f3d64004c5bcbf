/* Who one person is: which requests tell, and what their answers mean. The deciding is domain/identity_match.h's. */
#ifndef AIC_CONNECTOR_ENTRA_MATCH_PERSON_H
#define AIC_CONNECTOR_ENTRA_MATCH_PERSON_H

#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "connector/connector.h"
#include "connector/entra/batch.h"
#include "connector/entra/graph_request.h"
#include "connector/entra/users.h"

/* A mapping takes one request, an address six, and somebody who is not worth asking about none. */
#define MATCH_MAPPING_REQUESTS 1
#define MATCH_ADDRESS_REQUESTS ENTRA_USER_QUERIES

size_t match_person_requests(const struct identity_question *question);

/* Fills as many; their paths live in the arena. */
enum result match_person_write(const struct identity_question *question, struct arena *arena,
                               struct graph_request *ret_requests, struct error *error) MUST_CHECK;

/* From the answers to them, in that order (NULL where there were none). Where a list goes on, its further pages are
 * asked for. Any failure is a failure: nothing is concluded from it. `scratch` is for what is read on the way; the
 * match lives in the arena. */
enum result match_person_judge(struct graph_session *session, const struct identity_question *question,
                               const struct batch_item *items, struct arena *scratch, struct arena *arena,
                               struct identity_match *ret_match, struct error *error) MUST_CHECK;

#endif
