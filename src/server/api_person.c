/* People, by their Atlassian account ids. */
#include "server/api.h"

#include "base/json.h"
#include "base/text.h"

static enum result answer_erasure(struct api_call *call, const struct erasure *erasure)
{
	bool failed = false;
	json_t *value = json_object();
	json_put_string(value, "accountId", call->parameters[0], &failed);
	json_put(value, "requests", json_integer(erasure->requests), &failed);
	json_put(value, "grants", json_integer(erasure->grants), &failed);
	json_put(value, "mappings", json_integer(erasure->mappings), &failed);
	json_put(value, "tokens", json_integer(erasure->tokens), &failed);
	json_put(value, "other", json_integer(erasure->other), &failed);
	if (!failed)
		return call_answer(call, 200, value);
	json_decref(value);
	return RESULT_NO_MEMORY;
}

enum result api_person_erase(struct api_call *call)
{
	struct store *store = call_store(call);
	struct actor actor = call_actor(call);
	struct erasure erasure = {0};
	if (!text_equal(call_text(call, "confirm", NULL), call->parameters[0]))
		return call_fault(call, "confirm", "not_one_of", "must repeat the account id of the path");
	enum result result = store->ops->subject_erase(store, &actor, call->parameters[0], call_text(call, "reason", ""),
	                                               &erasure, &call->error);
	return result == RESULT_OK ? answer_erasure(call, &erasure) : result;
}
