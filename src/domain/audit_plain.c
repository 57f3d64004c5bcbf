/* The canonical text of a plain event.
 *
 * Nearly every event is plain: its texts are printable ASCII without quotes and backslashes, which RFC 8785 writes as
 * they are, and its detail is one flat object of such texts, without white space. Then the members, whose order is
 * known, are written one after the other, and those of the detail are put in order where they stand. That is a tenth of
 * the work of building values, sorting them and writing them, and an event is hashed for everything that is changed.
 * Whatever is the least bit unusual is left to the long way, which also is the one that refuses. */
#include "domain/audit_plain.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define MEMBERS_MAX 24
#define INTEGER_MAX 9007199254740991LL /* 2^53 - 1: what RFC 8785 can write */

static void put_bytes(struct audit_plain *plain, const char *bytes, size_t length)
{
	plain->failed = plain->failed || length > sizeof(plain->bytes) - plain->length;
	if (plain->failed)
		return;
	memcpy(plain->bytes + plain->length, bytes, length);
	plain->length += length;
}

static void put(struct audit_plain *plain, const char *string)
{
	put_bytes(plain, string, strlen(string));
}

/* How many plain bytes stand at the beginning. */
static size_t plain_length(const char *string)
{
	size_t length = 0;
	while (string[length] >= ' ' && string[length] <= '~' && string[length] != '"' && string[length] != '\\')
		length++;
	return length;
}

/* `,"name":"value"`; `name` comes with all that stands before the value. */
static void put_text(struct audit_plain *plain, const char *name, const char *value)
{
	size_t length = value != NULL ? plain_length(value) : 0;
	if (value == NULL || value[length] != '\0') {
		plain->failed = true;
		return;
	}
	put(plain, name);
	put_bytes(plain, "\"", 1);
	put_bytes(plain, value, length);
	put_bytes(plain, "\"", 1);
}

/* ---- the detail ---- */

/* A member of the detail, where it stands: `"key":"value"`. */
struct member {
	const char *at;
	size_t key_length; /* without quotes, as it stands after the first */
	size_t length;
};

/* The text that stands here in quotes; NULL if none does. */
static const char *quoted_end(const char *at, size_t *ret_length)
{
	if (*at != '"')
		return NULL;
	*ret_length = plain_length(at + 1);
	return at[1 + *ret_length] == '"' ? at + *ret_length + 2 : NULL;
}

/* Behind the member that begins here; NULL if it is no plain one. */
static const char *member_end(const char *at, struct member *ret_member)
{
	size_t value_length;
	const char *end = quoted_end(at, &ret_member->key_length);
	if (end == NULL || *end != ':')
		return NULL;
	end = quoted_end(end + 1, &value_length);
	if (end == NULL)
		return NULL;
	ret_member->at = at;
	ret_member->length = (size_t)(end - at);
	return end;
}

static int compare_keys(const struct member *one, const struct member *other)
{
	size_t shared = one->key_length < other->key_length ? one->key_length : other->key_length;
	int order = memcmp(one->at + 1, other->at + 1, shared);
	return order != 0 ? order : (one->key_length > other->key_length) - (one->key_length < other->key_length);
}

/* Puts a member in its place among those before it; false if its key is there. */
static bool member_insert(struct member *members, size_t count, struct member member)
{
	size_t at = count;
	for (int order; at > 0; at--) {
		order = compare_keys(&members[at - 1], &member);
		if (order == 0)
			return false;
		if (order < 0)
			break;
		members[at] = members[at - 1];
	}
	members[at] = member;
	return true;
}

/* The members of a flat object with at least one, in order; 0 if it is not plain. */
static size_t members_read(const char *detail, struct member members[MEMBERS_MAX])
{
	size_t count = 0;
	const char *at = detail;
	char expected = '{';
	while (*at == expected) {
		struct member member;
		at = count < MEMBERS_MAX ? member_end(at + 1, &member) : NULL;
		if (at == NULL || !member_insert(members, count, member))
			return 0;
		count++;
		expected = ',';
	}
	return at[0] == '}' && at[1] == '\0' ? count : 0;
}

static void put_detail(struct audit_plain *plain, const char *detail)
{
	struct member members[MEMBERS_MAX];
	size_t count = detail != NULL ? members_read(detail, members) : 0;
	bool empty = detail != NULL && strcmp(detail, "{}") == 0;
	plain->failed = plain->failed || (count == 0 && !empty);
	put(plain, ",\"detail\":{");
	for (size_t at = 0; at < count; at++) {
		if (at > 0)
			put(plain, ",");
		put_bytes(plain, members[at].at, members[at].length);
	}
	put(plain, "}");
}

bool audit_plain_write(const struct audit_event *event, struct audit_plain *ret_plain)
{
	char at[CLOCK_TEXT_SIZE], seq[32];
	ret_plain->length = 0;
	ret_plain->failed = event->at == 0 || event->seq < 0 || event->seq > INTEGER_MAX;
	clock_format(event->at, at);
	snprintf(seq, sizeof(seq), "%lld", (long long)event->seq);
	put_text(ret_plain, "{\"action\":", event->action);
	put_text(ret_plain, ",\"actor\":{\"id\":", event->actor_id);
	put_text(ret_plain, ",\"kind\":", event->actor_kind);
	put_text(ret_plain, "},\"at\":", at);
	put_detail(ret_plain, event->detail);
	put_text(ret_plain, ",\"outcome\":", event->outcome);
	put_text(ret_plain, ",\"prevHash\":", event->prev_hash);
	put(ret_plain, ",\"seq\":");
	put(ret_plain, seq);
	put_text(ret_plain, ",\"target\":{\"id\":", event->target_id);
	put_text(ret_plain, ",\"kind\":", event->target_kind);
	put(ret_plain, "}}");
	return !ret_plain->failed;
}
