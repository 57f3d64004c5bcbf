#include "server/problem.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "domain/code.h"

static json_t *problem_errors(const struct shape_faults *faults, bool *failed)
{
	json_t *errors = json_array();
	for (size_t i = 0; i < faults->count; i++) {
		json_t *item = json_object();
		json_put_string(item, "path", faults->items[i].path, failed);
		json_put_string(item, "code", faults->items[i].code, failed);
		json_put_string(item, "detail", faults->items[i].detail, failed);
		if (json_array_append_new(errors, item) != 0)
			*failed = true;
	}
	return errors;
}

static const char *problem_sentence(const struct code *known, char *buffer, size_t size)
{
	if (known == NULL)
		return "The request could not be answered.";
	snprintf(buffer, size, "%s%s%s", known->summary, known->remedy != NULL ? " " : "",
	         known->remedy != NULL ? known->remedy : "");
	return buffer;
}

json_t *problem_new(int status, const char *code, const char *detail, const struct shape_faults *faults)
{
	const struct code *known = code_find(code);
	char type[96];
	char sentence[1024];
	snprintf(type, sizeof type, "urn:aiclearance:problem:%s", code);
	bool failed = false;
	json_t *problem = json_object();
	json_put_string(problem, "type", type, &failed);
	json_put_string(problem, "title", known != NULL ? known->title : code, &failed);
	json_put(problem, "status", json_integer(status), &failed);
	if (text_is_empty(detail))
		detail = problem_sentence(known, sentence, sizeof sentence);
	json_put_string(problem, "detail", detail, &failed);
	json_put_string(problem, "code", code, &failed);
	if (faults != NULL && faults->count > 0)
		json_put(problem, "errors", problem_errors(faults, &failed), &failed);
	if (failed) {
		json_decref(problem);
		return NULL;
	}
	return problem;
}

struct problem_row {
	enum result result;
	int status;
	const char *code; /* where the error names none */
};

static const struct problem_row problem_rows[] = {
    {RESULT_INVALID, 422, "validation_failed"}, {RESULT_NOT_FOUND, 404, "not_found"},
    {RESULT_CONFLICT, 409, "conflict"},         {RESULT_PRECONDITION, 412, "precondition_failed"},
    {RESULT_DENIED, 403, "forbidden"},          {RESULT_TOO_LARGE, 413, "body_too_large"},
};

int problem_status(enum result result, const struct error *error, const char **ret_code)
{
	const char *code = error != NULL && error->code[0] != '\0' ? error->code : NULL;
	/* Whatever else happened (memory, disk, database) is our fault, and trying later is right. */
	*ret_code = "unavailable";
	for (size_t i = 0; i < ARRAY_SIZE(problem_rows); i++) {
		if (problem_rows[i].result != result)
			continue;
		*ret_code = code != NULL ? code : problem_rows[i].code;
		if (text_equal(code, "json_malformed"))
			return 400;
		return text_equal(code, "unauthenticated") ? 401 : problem_rows[i].status;
	}
	return 503;
}
