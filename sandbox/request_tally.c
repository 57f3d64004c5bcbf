#include "request_tally.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define KIND_SIZE 200

static bool is_id(const char *segment)
{
	return text_is_uuid(segment) || strchr(segment, '@') != NULL;
}

static bool is_write(const struct request *request)
{
	return !text_equal(request->method, "GET");
}

/* " before a write", or " after a write" where the group was written to since it was read last. */
static const char *members_read_kind(struct sandbox *sandbox, const char *group_id)
{
	bool written = json_is_true(json_object_get(sandbox->written_groups, group_id));
	json_object_del(sandbox->written_groups, group_id);
	return written ? " after a write" : " before a write";
}

static void kind_write(struct sandbox *sandbox, const struct request *request, char kind[KIND_SIZE])
{
	size_t first = request->segments > 0 && text_equal(request->segment[0], "v1.0") ? 1 : 0;
	size_t count = request->segments - first;
	const char *const *segment = request->segment + first;
	int length = snprintf(kind, KIND_SIZE, "%s ", request->method);
	for (size_t i = 0; i < count && length < KIND_SIZE; i++)
		length += snprintf(kind + length, (size_t)(KIND_SIZE - length), "%s%s", i > 0 ? "/" : "",
		                   is_id(segment[i]) ? "{}" : segment[i]);
	bool of_group = count >= 2 && text_equal(segment[0], "groups");
	if (of_group && is_write(request))
		json_object_set_new(sandbox->written_groups, segment[1], json_true());
	else if (of_group && count > 2 && text_equal(segment[2], "members") && length < KIND_SIZE)
		snprintf(kind + length, (size_t)(KIND_SIZE - length), "%s", members_read_kind(sandbox, segment[1]));
}

static void tally_raise(json_t *entry, const char *name, int64_t by)
{
	json_object_set_new(entry, name, json_integer(json_integer_at(entry, name, 0) + by));
}

static json_t *tally_entry(struct sandbox *sandbox, const char *kind)
{
	json_t *entry = json_object_get(sandbox->tally, kind);
	if (!entry) {
		json_object_set_new(sandbox->tally, kind, json_pack("{s:i,s:i,s:i}", "calls", 0, "items", 0, "busyMs", 0));
		entry = json_object_get(sandbox->tally, kind);
	}
	return entry;
}

/* Calls end in the order in which they stand here, so what is new of one is its part behind the one before. */
static void tally_time(json_t *entry, int64_t from, int64_t to)
{
	int64_t until = json_integer_at(entry, "until", 0);
	if (from < until)
		from = until;
	if (to > from)
		tally_raise(entry, "busyMs", to - from);
	json_object_set_new(entry, "until", json_integer(to > until ? to : until));
}

void request_tally_add(struct sandbox *sandbox, const struct request *request)
{
	char kind[KIND_SIZE];
	const char *last = request->segments > 0 ? request->segment[request->segments - 1] : "";
	if (!request->batched && text_equal(last, "$batch"))
		snprintf(kind, sizeof(kind), "$batch of %.*s", KIND_SIZE - 11, sandbox->last_item);
	else
		kind_write(sandbox, request, kind);
	if (request->batched)
		snprintf(sandbox->last_item, sizeof(sandbox->last_item), "%s", kind);
	json_t *entry = tally_entry(sandbox, kind);
	tally_raise(entry, request->batched ? "items" : "calls", 1);
	if (!request->batched && request->received_ms > 0)
		tally_time(entry, request->received_ms, sandbox_now_ms(sandbox));
}

void request_tally_reset(struct sandbox *sandbox)
{
	json_decref(sandbox->tally);
	json_decref(sandbox->written_groups);
	sandbox->tally = json_object();
	sandbox->written_groups = json_object();
	sandbox->last_item[0] = '\0';
}
