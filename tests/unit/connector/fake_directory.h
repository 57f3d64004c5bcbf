/* A directory that keeps memberships, behind fake_entra.h: it knows the membership requests alone and in a $batch,
 * answers as Graph has been seen to (facts), notes what a client must not do, and fails where a test tells it to. */
#ifndef AIC_TESTS_CONNECTOR_FAKE_DIRECTORY_H
#define AIC_TESTS_CONNECTOR_FAKE_DIRECTORY_H

#include "fake_entra.h"

#include "base/json.h"

#define DIRECTORY_GROUPS 128
#define DIRECTORY_USERS 2048
#define DIRECTORY_FAULTS 8
#define DIRECTORY_ITEM_ID "77777777-7777-4777-8777-777777777777"
#define DIRECTORY_EXCHANGE_ID "88888888-8888-4888-8888-888888888888"

enum fault_where { FAULT_ITEM, FAULT_EXCHANGE };

/* The first that fits and has uses left is the answer. */
struct directory_fault {
	enum fault_where where;
	const char *method; /* NULL: any write */
	int group;          /* -1: any; of an exchange: ignored */
	int user;           /* -1: any; that a write must be about */
	int after;          /* so many that fit pass first */
	int uses;           /* 0: for ever */
	int status;         /* 0: an item is left out, an exchange is hung up */
	const char *code;   /* of the error; NULL: no body */
	const char *message;
	const char *retry_after; /* NULL: none */
	const char *raw;         /* a body as it is */
	bool done;               /* it is written all the same */
	bool of_many;            /* only a write of more than one */
};

struct directory {
	struct fake_world world;
	pthread_mutex_t lock;
	bool member[DIRECTORY_GROUPS][DIRECTORY_USERS];
	bool no_user[DIRECTORY_USERS];
	bool no_group[DIRECTORY_GROUPS];
	const char *group_json; /* members of a group's object beside its id; NULL: an ordinary one */
	struct directory_fault faults[DIRECTORY_FAULTS];
	size_t fault_count;
	int writing[DIRECTORY_GROUPS];
	int page_size; /* of lists; 0: 999 */
	/* noted */
	int exchanges; /* all but those for a token */
	int batches;
	int writes; /* as items or alone */
	int group_reads;
	int pages;
	int written[DIRECTORY_GROUPS]; /* writes to it */
	int most_links;
	int most_items;
	int after_wait; /* exchanges after one was told to wait */
	bool told_to_wait;
	bool clash;    /* two writes to one group at a time */
	bool bad_form; /* a batch that is neither all of one group in a chain nor all of different ones, and the like */
};

static inline const char *directory_id(struct directory *directory, char kind, int number)
{
	return arena_printf(directory->world.arena, "%08x-%c000-4000-8000-000000000000", (unsigned)number, kind);
}

/* -1: not one of ours. */
static inline int directory_number(const char *id, char kind, int limit)
{
	char text[9] = "";
	if (strlen(id) < 36 || id[8] != '-' || id[9] != kind)
		return -1;
	memcpy(text, id, 8);
	long number = strtol(text, NULL, 16);
	return number < limit ? (int)number : -1;
}

struct directory_reply {
	int status; /* 0: left out */
	char *body; /* malloc'ed, or NULL */
	const char *retry_after;
};

PRINTF_LIKE(1, 2) static inline char *directory_format(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return text;
}

static inline struct directory_reply directory_error(int status, const char *code, const char *message)
{
	return (struct directory_reply){
	    .status = status,
	    .body = directory_format("{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"innerError\":{}}}", code, message),
	};
}

static inline struct directory_reply directory_missing(const char *id)
{
	char message[256];
	snprintf(message, sizeof(message),
	         "Resource '%s' does not exist or one of its queried reference-property objects are not present.", id);
	return directory_error(404, "Request_ResourceNotFound", message);
}

struct directory_write {
	const char *method;
	int group;
	int users[64];
	size_t count;
	bool removal;
};

static inline bool write_names(const struct directory_write *write, int user)
{
	for (size_t i = 0; i < write->count; i++)
		if (write->users[i] == user)
			return true;
	return false;
}

/* `write` NULL: of an exchange. */
static inline struct directory_fault *directory_fault_find(struct directory *directory,
                                                           const struct directory_write *write)
{
	for (size_t i = 0; i < directory->fault_count; i++) {
		struct directory_fault *fault = &directory->faults[i];
		if ((fault->where == FAULT_EXCHANGE) != (write == NULL) || fault->uses < 0)
			continue;
		if (write != NULL && ((fault->group >= 0 && fault->group != write->group) ||
		                      (fault->user >= 0 && !write_names(write, fault->user)) ||
		                      (fault->method != NULL && strcmp(fault->method, write->method) != 0) ||
		                      (fault->of_many && write->count < 2)))
			continue;
		if (fault->after > 0) {
			fault->after--;
			continue;
		}
		if (fault->uses > 0 && --fault->uses == 0)
			fault->uses = -1;
		return fault;
	}
	return NULL;
}

static inline struct directory_reply directory_fault_say(struct directory *directory,
                                                         const struct directory_fault *fault)
{
	struct directory_reply reply = {.status = fault->status, .retry_after = fault->retry_after};
	if (fault->status == 429 || fault->status == 503)
		directory->told_to_wait = true;
	if (fault->raw != NULL)
		reply.body = strdup(fault->raw);
	else if (fault->code != NULL)
		reply.body = directory_error(0, fault->code, fault->message != NULL ? fault->message : "x").body;
	return reply;
}

/* All or nothing. */
static inline struct directory_reply directory_apply(struct directory *directory, const struct directory_write *write)
{
	bool *members = directory->member[write->group];
	if (directory->no_group[write->group])
		return directory_missing(
		    arena_printf(directory->world.arena, "%08x-a000-4000-8000-000000000000", (unsigned)write->group));
	for (size_t i = 0; i < write->count; i++) {
		int user = write->users[i];
		if (directory->no_user[user] || (write->removal && !members[user]))
			return directory_missing(
			    arena_printf(directory->world.arena, "%08x-b000-4000-8000-000000000000", (unsigned)user));
		if (!write->removal && members[user])
			return directory_error(400, "Request_BadRequest",
			                       "One or more added object references already exist for the following modified "
			                       "properties: 'members'.");
	}
	for (size_t i = 0; i < write->count; i++)
		members[write->users[i]] = !write->removal;
	return (struct directory_reply){.status = 204};
}

static inline struct directory_reply directory_write_take(struct directory *directory,
                                                          const struct directory_write *write)
{
	pthread_mutex_lock(&directory->lock);
	directory->clash = directory->clash || directory->writing[write->group] != 0;
	directory->writing[write->group]++;
	directory->writes++;
	directory->written[write->group]++;
	if (directory->most_links < (int)write->count)
		directory->most_links = (int)write->count;
	pthread_mutex_unlock(&directory->lock);
	usleep(300);
	pthread_mutex_lock(&directory->lock);
	struct directory_fault *fault = directory_fault_find(directory, write);
	struct directory_reply reply = {0};
	if (fault == NULL || fault->done)
		reply = directory_apply(directory, write);
	if (fault != NULL) {
		free(reply.body);
		reply = directory_fault_say(directory, fault);
	}
	directory->writing[write->group]--;
	pthread_mutex_unlock(&directory->lock);
	return reply;
}

/* The path below the version, and the body. False: not a write that is known. */
static inline bool directory_write_read(const char *method, const char *path, const json_t *body,
                                        struct directory_write *write)
{
	*write = (struct directory_write){.method = method, .removal = strcmp(method, "DELETE") == 0};
	if (strncmp(path, "/groups/", 8) != 0)
		return false;
	write->group = directory_number(path + 8, 'a', DIRECTORY_GROUPS);
	if (write->group < 0)
		return false;
	const char *rest = path + 8 + 36;
	if (write->removal) {
		if (strncmp(rest, "/members/", 9) != 0 || strcmp(rest + 9 + 36, "/$ref") != 0)
			return false;
		write->users[write->count++] = directory_number(rest + 9, 'b', DIRECTORY_USERS);
		return write->users[0] >= 0;
	}
	static const char host[] = "https://graph.microsoft.com/v1.0/directoryObjects/";
	json_t *links = json_object_get(body, "members@odata.bind");
	bool single = strcmp(method, "POST") == 0 && strcmp(rest, "/members/$ref") == 0;
	if (!single && (strcmp(method, "PATCH") != 0 || rest[0] != '\0' || json_object_size(body) != 1 ||
	                !json_is_array(links) || json_array_size(links) > 20))
		return false;
	for (size_t i = 0; i < (single ? 1 : json_array_size(links)); i++) {
		const char *link = json_string_value(single ? json_object_get(body, "@odata.id") : json_array_get(links, i));
		if (link == NULL || strncmp(link, host, strlen(host)) != 0)
			return false;
		write->users[write->count] = directory_number(link + strlen(host), 'b', DIRECTORY_USERS);
		if (write->users[write->count++] < 0)
			return false;
	}
	return write->count > 0;
}

static inline struct directory_reply directory_read_group(struct directory *directory, int group)
{
	directory->group_reads++;
	if (directory->no_group[group])
		return directory_missing(directory_id(directory, 'a', group));
	static const char plain[] =
	    "\"displayName\":\"AI - Users\",\"description\":null,\"groupTypes\":[],\"securityEnabled\":true,"
	    "\"mailEnabled\":false,\"onPremisesSyncEnabled\":null,\"isAssignableToRole\":null,"
	    "\"isManagementRestricted\":null,\"membershipRule\":null,\"membershipRuleProcessingState\":null,"
	    "\"resourceProvisioningOptions\":[],\"visibility\":null";
	return (struct directory_reply){
	    .status = 200,
	    .body = directory_format("{\"id\":\"%08x-a000-4000-8000-000000000000\",%s}", (unsigned)group,
	                             directory->group_json != NULL ? directory->group_json : plain),
	};
}

static inline struct directory_reply directory_read_members(struct directory *directory, int group, int from)
{
	char *text = NULL;
	size_t length = 0;
	int size = directory->page_size != 0 ? directory->page_size : 999;
	int shown = 0;
	directory->pages++;
	if (directory->no_group[group])
		return directory_missing(directory_id(directory, 'a', group));
	FILE *out = open_memstream(&text, &length);
	fprintf(out, "{\"value\":[");
	int user = from;
	for (; user < DIRECTORY_USERS && shown < size; user++)
		if (directory->member[group][user])
			fprintf(out, "%s{\"id\":\"%08X-b000-4000-8000-000000000000\"}", shown++ > 0 ? "," : "", (unsigned)user);
	fprintf(out, "]");
	if (user < DIRECTORY_USERS)
		fprintf(out,
		        ",\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/groups/%08x-a000-4000-8000-000000000000/"
		        "members?from=%d\"",
		        (unsigned)group, user);
	fprintf(out, "}");
	fclose(out);
	return (struct directory_reply){.status = 200, .body = text};
}

/* What its threads have done is seen by the test's own from here on. */
static inline void directory_settle(struct directory *directory)
{
	pthread_mutex_lock(&directory->lock);
	pthread_mutex_unlock(&directory->lock);
}

/* For the test's own thread: a call that was given up may still be at work. */
static inline bool directory_has(struct directory *directory, int group, int user)
{
	pthread_mutex_lock(&directory->lock);
	bool has = directory->member[group][user];
	pthread_mutex_unlock(&directory->lock);
	return has;
}

static inline struct directory_reply directory_read(struct directory *directory, const char *path)
{
	struct directory_reply reply = {0};
	pthread_mutex_lock(&directory->lock);
	int group = strncmp(path, "/groups/", 8) == 0 ? directory_number(path + 8, 'a', DIRECTORY_GROUPS) : -1;
	int user = strncmp(path, "/users/", 7) == 0 ? directory_number(path + 7, 'b', DIRECTORY_USERS) : -1;
	if (group >= 0 && path[44] == '?') {
		reply = directory_read_group(directory, group);
	} else if (group >= 0 && strncmp(path + 44, "/members?", 9) == 0) {
		const struct directory_write as_write = {.method = "GET", .group = group};
		struct directory_fault *fault = directory_fault_find(directory, &as_write);
		const char *from = strstr(path, "from=");
		reply = fault != NULL && fault->method != NULL
		            ? directory_fault_say(directory, fault)
		            : directory_read_members(directory, group, from != NULL ? atoi(from + 5) : 0);
	} else if (user >= 0 && !directory->no_user[user]) {
		reply.status = 200;
		reply.body = directory_format("{\"id\":\"%s\"}", directory_id(directory, 'b', user));
	} else {
		reply = directory_missing("?");
	}
	pthread_mutex_unlock(&directory->lock);
	return reply;
}

static inline struct directory_reply directory_serve(struct directory *directory, const char *method, const char *path,
                                                     const json_t *body)
{
	struct directory_write write;
	if (strcmp(method, "GET") == 0)
		return directory_read(directory, path);
	if (directory_write_read(method, path, body, &write))
		return directory_write_take(directory, &write);
	directory->bad_form = true;
	return directory_error(400, "Request_BadRequest", "not a request that this product may send");
}

static inline bool batch_is_well_formed(const json_t *requests)
{
	size_t count = json_array_size(requests);
	bool chained = json_object_get(json_array_get(requests, 1), "dependsOn") != NULL;
	const char *urls[20];
	if (count < 1 || count > 20)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *request = json_array_get(requests, i);
		const char *method = json_string_at(request, "method");
		json_t *depends = json_object_get(request, "dependsOn");
		urls[i] = json_string_at(request, "url");
		if (urls[i] == NULL || strlen(urls[i]) < 44 || (depends != NULL) != (chained && i > 0))
			return false;
		if (depends != NULL && strcmp(json_string_value(json_array_get(depends, 0)),
		                              json_string_at(json_array_get(requests, i - 1), "id")) != 0)
			return false;
		for (size_t other = 0; other < i && strcmp(method, "GET") != 0; other++)
			if ((strncmp(urls[other], urls[i], 44) == 0) != chained)
				return false;
	}
	return true;
}

static inline void batch_answer_write(FILE *out, bool first, const char *id, const struct directory_reply *reply)
{
	fprintf(out, "%s{\"id\":\"%s\",\"status\":%d,\"headers\":{\"request-id\":\"" DIRECTORY_ITEM_ID "\"%s%s%s}%s%s}",
	        first ? "" : ",", id, reply->status, reply->retry_after != NULL ? ",\"Retry-After\":\"" : "",
	        reply->retry_after != NULL ? reply->retry_after : "", reply->retry_after != NULL ? "\"" : "",
	        reply->body != NULL ? ",\"body\":" : "", reply->body != NULL ? reply->body : "");
}

static inline struct directory_reply directory_batch(struct directory *directory, const json_t *body)
{
	json_t *requests = json_object_get(body, "requests");
	char *text = NULL;
	size_t length = 0;
	bool failed = false;
	bool first = true;
	pthread_mutex_lock(&directory->lock);
	directory->batches++;
	if (directory->most_items < (int)json_array_size(requests))
		directory->most_items = (int)json_array_size(requests);
	directory->bad_form = directory->bad_form || !batch_is_well_formed(requests);
	pthread_mutex_unlock(&directory->lock);
	FILE *out = open_memstream(&text, &length);
	fprintf(out, "{\"responses\":[");
	for (size_t i = 0; i < json_array_size(requests); i++) {
		const json_t *request = json_array_get(requests, i);
		bool depends = json_object_get(request, "dependsOn") != NULL;
		struct directory_reply reply = {.status = 424};
		if (!depends || !failed)
			reply = directory_serve(directory, json_string_at(request, "method"), json_string_at(request, "url"),
			                        json_object_get(request, "body"));
		failed = reply.status < 200 || reply.status > 299;
		if (reply.status != 0) {
			batch_answer_write(out, first, json_string_at(request, "id"), &reply);
			first = false;
		}
		free(reply.body);
	}
	fprintf(out, "]}");
	fclose(out);
	return (struct directory_reply){.status = 200, .body = text};
}

static inline bool directory_answer(void *context, const char *method, const char *path, const char *body,
                                    struct fake_said *ret_said)
{
	struct directory *directory = context;
	if (strncmp(path, "/v1.0", 5) != 0)
		return false;
	_cleanup_(json_decrefp) json_t *value = json_loads(body, 0, NULL);
	pthread_mutex_lock(&directory->lock);
	directory->exchanges++;
	directory->after_wait += directory->told_to_wait ? 1 : 0;
	struct directory_fault *fault = directory_fault_find(directory, NULL);
	struct directory_reply reply = {0};
	if (fault != NULL)
		reply = directory_fault_say(directory, fault);
	bool served = fault == NULL || fault->done;
	pthread_mutex_unlock(&directory->lock);
	if (served) {
		struct directory_reply real = strcmp(path + 5, "/$batch") == 0
		                                  ? directory_batch(directory, value)
		                                  : directory_serve(directory, method, path + 5, value);
		if (fault == NULL)
			reply = real;
		else
			free(real.body);
	}
	ret_said->status = reply.status;
	ret_said->body = reply.body;
	pthread_mutex_lock(&directory->lock);
	ret_said->headers = reply.retry_after == NULL
	                        ? "request-id: " DIRECTORY_EXCHANGE_ID "\r\n"
	                        : arena_printf(directory->world.arena, "Retry-After: %s\r\n", reply.retry_after);
	pthread_mutex_unlock(&directory->lock);
	return true;
}

static inline struct directory *directory_open(void)
{
	struct directory *directory = calloc(1, sizeof(*directory));
	assert_non_null(directory);
	pthread_mutex_init(&directory->lock, NULL);
	fake_world_open(&directory->world);
	fake_world_token(&directory->world, FAKE_ROLES);
	directory->world.entra.context = directory;
	directory->world.entra.answer = directory_answer;
	return directory;
}

static inline void directory_close(struct directory *directory)
{
	fake_world_close(&directory->world);
	pthread_mutex_destroy(&directory->lock);
	free(directory);
}

static inline void directory_fail(struct directory *directory, struct directory_fault fault)
{
	assert_true(directory->fault_count < DIRECTORY_FAULTS);
	directory->faults[directory->fault_count++] = fault;
}

#endif
