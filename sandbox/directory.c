#include "directory.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"

#define NAME_SIZE 320

static const char *lower(const char *text, char out[NAME_SIZE])
{
	size_t i = 0;
	for (; text[i] && i < NAME_SIZE - 1; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[i] = '\0';
	return out;
}

json_t *directory_properties(const json_t *record)
{
	return json_object_get(record, "properties");
}

const char *directory_id(const json_t *record)
{
	return json_string_at(record, "properties.id");
}

static bool record_replicated(const struct sandbox *sandbox, const json_t *record, int64_t lag_ms)
{
	int64_t created = json_integer_at(record, "createdAt", 0);
	return created == 0 || created + lag_ms <= sandbox_now_ms(sandbox);
}

static int64_t group_lag_ms(const struct sandbox_faults *faults)
{
	return faults->new_group_ms > faults->replication_ms ? faults->new_group_ms : faults->replication_ms;
}

json_t *directory_user(const struct sandbox *sandbox, const char *id_or_upn)
{
	char key[NAME_SIZE];
	if (!id_or_upn)
		return NULL;
	json_t *user = json_object_get(sandbox->directory.users, lower(id_or_upn, key));
	if (!user) {
		const char *id = json_string_value(json_object_get(sandbox->directory.upns, key));
		user = id ? json_object_get(sandbox->directory.users, id) : NULL;
	}
	return user && record_replicated(sandbox, user, sandbox->faults.replication_ms) ? user : NULL;
}

json_t *directory_group(const struct sandbox *sandbox, const char *id, bool replicated)
{
	char key[NAME_SIZE];
	json_t *group = id ? json_object_get(sandbox->directory.groups, lower(id, key)) : NULL;
	return group && (!replicated || record_replicated(sandbox, group, group_lag_ms(&sandbox->faults))) ? group : NULL;
}

/* The record of `id` in `table`, made if need be, with `properties` merged in. */
static json_t *record_put(struct sandbox *sandbox, json_t *table, const json_t *properties)
{
	char id[ID_SIZE];
	char key[NAME_SIZE];
	const char *given = json_string_at(properties, "id");
	if (!given)
		id_random(id);
	lower(given ? given : id, key);
	json_t *record = json_object_get(table, key);
	if (!record) {
		char at[CLOCK_TEXT_SIZE];
		clock_format(sandbox_now_ms(sandbox), at);
		record = json_pack("{s:{s:s,s:s},s:{},s:{},s:{},s:{},s:{},s:{},s:I}", "properties", "id", key,
		                   "createdDateTime", at, "members", "recent", "departed", "owners", "left", "kinds",
		                   "createdAt", (json_int_t)sandbox_now_ms(sandbox));
		if (!record || json_object_set_new(table, key, record) < 0)
			return NULL;
	}
	json_object_update(directory_properties(record), (json_t *)(uintptr_t)properties);
	json_object_set_new(directory_properties(record), "id", json_string(key));
	return record;
}

json_t *directory_put_user(struct sandbox *sandbox, const json_t *properties)
{
	char key[NAME_SIZE];
	const char *id = json_string_at(properties, "id");
	json_t *known = id ? directory_user(sandbox, id) : NULL;
	const char *old = json_string_at(known, "properties.userPrincipalName");
	if (old)
		json_object_del(sandbox->directory.upns, lower(old, key));
	json_t *user = record_put(sandbox, sandbox->directory.users, properties);
	const char *upn = json_string_at(user, "properties.userPrincipalName");
	if (upn)
		json_object_set_new(sandbox->directory.upns, lower(upn, key), json_string(directory_id(user)));
	return user;
}

/* Of a group, for delta queries: "changed", "appeared", "vanished". */
static void number_put(struct sandbox *sandbox, json_t *record, const char *what)
{
	json_object_set_new(record, what, json_integer(++sandbox->directory.sequence));
}

json_t *directory_put_group(struct sandbox *sandbox, const json_t *properties)
{
	json_t *group = record_put(sandbox, sandbox->directory.groups, properties);
	directory_group_changed(sandbox, group);
	return group;
}

void directory_group_changed(struct sandbox *sandbox, json_t *group)
{
	number_put(sandbox, group, json_object_get(group, "appeared") ? "changed" : "appeared");
}

static void user_leave_all(struct sandbox *sandbox, const char *id)
{
	const char *key;
	json_t *group;
	json_object_foreach(sandbox->directory.groups, key, group) membership_remove(sandbox, group, id);
}

bool directory_delete(struct sandbox *sandbox, const char *id)
{
	char at[CLOCK_TEXT_SIZE];
	char key[NAME_SIZE];
	json_t *user = directory_user(sandbox, id);
	json_t *record = user ? user : directory_group(sandbox, id, false);
	if (!record)
		return false;
	json_incref(record);
	lower(directory_id(record), key);
	clock_format(sandbox_now_ms(sandbox), at);
	json_object_set_new(directory_properties(record), "deletedDateTime", json_string(at));
	json_object_set(sandbox->directory.deleted, key, record);
	if (user) {
		char name[NAME_SIZE];
		const char *upn = json_string_at(record, "properties.userPrincipalName");
		user_leave_all(sandbox, key);
		if (upn)
			json_object_del(sandbox->directory.upns, lower(upn, name));
		json_object_del(sandbox->directory.users, key);
	} else {
		number_put(sandbox, record, "vanished");
		json_object_del(sandbox->directory.groups, key);
	}
	json_decref(record);
	return true;
}

bool directory_restore(struct sandbox *sandbox, const char *id)
{
	char key[NAME_SIZE];
	json_t *record = json_object_get(sandbox->directory.deleted, lower(id, key));
	if (!record)
		return false;
	json_incref(record);
	json_object_del(directory_properties(record), "deletedDateTime");
	json_object_del(sandbox->directory.deleted, key);
	const char *upn = json_string_at(record, "properties.userPrincipalName");
	if (upn) {
		char name[NAME_SIZE];
		json_object_set(sandbox->directory.users, key, record);
		json_object_set_new(sandbox->directory.upns, lower(upn, name), json_string(key));
	} else {
		number_put(sandbox, record, "appeared");
		json_object_set(sandbox->directory.groups, key, record);
	}
	json_decref(record);
	return true;
}

bool directory_purge(struct sandbox *sandbox, const char *id)
{
	char key[NAME_SIZE];
	if (json_object_del(sandbox->directory.deleted, lower(id, key)) < 0)
		return false;
	number_put(sandbox, sandbox->directory.purged, key);
	return true;
}

bool membership_exists(const json_t *group, const char *user_id)
{
	return json_object_get(json_object_get(group, "members"), user_id) != NULL;
}

bool membership_visible(const struct sandbox *sandbox, const json_t *group, const char *user_id)
{
	int64_t horizon = sandbox_now_ms(sandbox) - sandbox->faults.replication_ms;
	int64_t left = json_integer_value(json_object_get(json_object_get(group, "departed"), user_id));
	if (left > 0 && left > horizon)
		return true;
	if (!membership_exists(group, user_id))
		return false;
	int64_t joined = json_integer_value(json_object_get(json_object_get(group, "recent"), user_id));
	return joined <= horizon || joined == 0;
}

void membership_add(struct sandbox *sandbox, json_t *group, const char *user_id)
{
	json_object_set_new(json_object_get(group, "members"), user_id, json_integer(++sandbox->directory.sequence));
	json_object_del(json_object_get(group, "left"), user_id);
	if (sandbox->faults.replication_ms > 0)
		json_object_set_new(json_object_get(group, "recent"), user_id, json_integer(sandbox_now_ms(sandbox)));
}

static void left_note(struct sandbox *sandbox, json_t *group, const char *user_id)
{
	json_object_set_new(json_object_get(group, "left"), user_id,
	                    json_pack("{s:I,s:I}", "number", (json_int_t)++sandbox->directory.sequence, "at",
	                              (json_int_t)sandbox_now_ms(sandbox)));
}

void membership_clear(struct sandbox *sandbox, json_t *group)
{
	json_t *members = json_object_get(group, "members");
	const char *id;
	json_t *place;
	json_object_foreach(members, id, place) left_note(sandbox, group, id);
	json_object_clear(members);
}

const char *membership_type(const json_t *group, const char *id)
{
	const char *kind = json_string_value(json_object_get(json_object_get(group, "kinds"), id));
	return kind ? kind : "#microsoft.graph.user";
}

static int64_t lowest(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

int64_t membership_horizon(const struct sandbox *sandbox)
{
	int64_t horizon = sandbox->directory.sequence;
	int64_t seen = sandbox_now_ms(sandbox) - sandbox->faults.replication_ms;
	const char *key, *id;
	json_t *group, *value;
	json_object_foreach(sandbox->directory.groups, key, group)
	{
		json_object_foreach(json_object_get(group, "recent"), id, value) if (json_integer_value(value) > seen) horizon =
		    lowest(horizon, json_integer_value(json_object_get(json_object_get(group, "members"), id)) - 1);
		json_object_foreach(json_object_get(group, "left"), id, value) if (json_integer_at(value, "at", 0) > seen)
		    horizon = lowest(horizon, json_integer_at(value, "number", 0) - 1);
	}
	return horizon;
}

void membership_remove(struct sandbox *sandbox, json_t *group, const char *user_id)
{
	if (!membership_exists(group, user_id))
		return;
	bool seen = membership_visible(sandbox, group, user_id);
	json_object_del(json_object_get(group, "members"), user_id);
	json_object_del(json_object_get(group, "recent"), user_id);
	left_note(sandbox, group, user_id);
	if (sandbox->faults.replication_ms > 0 && seen)
		json_object_set_new(json_object_get(group, "departed"), user_id, json_integer(sandbox_now_ms(sandbox)));
}

/* Lags that are over need no more bookkeeping. */
static void lag_forget(const struct sandbox *sandbox, json_t *lagging)
{
	int64_t horizon = sandbox_now_ms(sandbox) - sandbox->faults.replication_ms;
	const char *id;
	json_t *since;
	void *next;
	json_object_foreach_safe(lagging, next, id, since) if (json_integer_value(since) <= horizon)
	    json_object_del(lagging, id);
}

json_t *membership_list(const struct sandbox *sandbox, json_t *group)
{
	json_t *recent = json_object_get(group, "recent");
	json_t *departed = json_object_get(group, "departed");
	json_t *members = json_object_get(group, "members");
	json_t *list = json_array();
	const char *id;
	json_t *value;
	lag_forget(sandbox, recent);
	lag_forget(sandbox, departed);
	json_object_foreach(members, id, value) if (!json_object_get(recent, id) || json_object_get(departed, id))
	    json_array_append_new(list, json_string(id));
	json_object_foreach(departed, id, value) if (!json_object_get(members, id))
	    json_array_append_new(list, json_string(id));
	return list;
}
