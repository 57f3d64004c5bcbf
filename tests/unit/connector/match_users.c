/* Many people at once get what each would get alone, in as few exchanges as can be. */
#include "fake_entra.h"

#include <stdatomic.h>

#include "base/json.h"
#include "connector/entra/batch.h"

#define PEOPLE 24
#define ONE_ROUND ((size_t)3 * BATCH_CALLS_MAX) /* people: three fill a batch */
#define ASKED_MAX 1000

/* A directory that answers by what it is asked, and fails by what it is asked, so that the same question fails alike
 * alone and among others. */
struct directory {
	unsigned seed;
	bool faults;
	const char *origin;
	int refusals; /* how many $batches get `refusal` */
	int refusal;
	const char *refusal_headers;
	unsigned unlisted;  /* one whom a roll leaves out, if not 0 */
	const char *poison; /* a $batch that holds it is a bad request as a whole */
	_Atomic int refused;
	_Atomic int batches;
	_Atomic int requests;
	_Atomic int under_way;
	_Atomic int most_under_way;
};

static unsigned digest(unsigned seed, const char *text)
{
	unsigned value = 2166136261u ^ seed;
	for (; *text != '\0'; text++)
		value = (value ^ (unsigned char)*text) * 16777619u;
	return value ^ value >> 15;
}

static void address_of(unsigned person, char out[64])
{
	snprintf(out, 64, "o'p+%u@contoso.com", person);
}

static json_t *user_of(unsigned person, const char *mail, bool guest, bool disabled)
{
	char id[64];
	char name[64];
	snprintf(id, sizeof(id), "00000000-0000-0000-0000-%012u", person);
	address_of(person, name);
	return json_pack("{s:s,s:s,s:s?,s:s,s:b}", "id", id, "userPrincipalName", name, "mail", mail, "userType",
	                 guest ? "Guest" : "Member", "accountEnabled", !disabled);
}

/* Every third is a guest, some are disabled, some have another's address as their mail or alias. */
static json_t *user_at(unsigned person)
{
	char mail[64];
	address_of(person % 5 == 0 ? (person + 1) % PEOPLE : person, mail);
	return user_of(person, mail, person % 7 == 3, person % 11 == 4);
}

static bool user_fits(unsigned person, const char *filter, const char *value)
{
	char name[64];
	address_of(person, name);
	if (strstr(filter, "userPrincipalName%20eq") != NULL)
		return strcasecmp(name, value) == 0;
	if (strstr(filter, "=mail%20eq") != NULL) {
		_cleanup_(json_decrefp) json_t *user = user_at(person);
		return strcasecmp(json_string_at(user, "mail"), value) == 0;
	}
	if (strstr(filter, "otherMails") != NULL) {
		address_of((person + 2) % PEOPLE, name);
		return person % 6 == 1 && strcasecmp(name, value) == 0;
	}
	address_of(person, name);
	return strncmp(value, "smtp:", 5) == 0 && person % 2 == 0 && strcasecmp(name, value + 5) == 0;
}

static void decode(const char *from, const char *end, char *to)
{
	for (; from < end && *from != '\0'; from++) {
		unsigned byte = (unsigned char)*from;
		if (*from == '%') {
			sscanf(from + 1, "%2x", &byte);
			from += 2;
			if (byte == '\'')
				from += 3; /* a doubled one */
		}
		*to++ = (char)byte;
	}
	*to = '\0';
}

/* Those of the ids who are there. While it fails, it knows no roll: each question must fail as it does alone. */
static json_t *roll_of(const struct directory *directory, const char *url)
{
	json_t *users = json_array();
	for (unsigned i = 0; i < PEOPLE && !directory->faults; i++) {
		char id[64];
		snprintf(id, sizeof(id), "00000000-0000-0000-0000-%012u", i);
		if (strstr(url, id) != NULL && (directory->unlisted == 0 || i != directory->unlisted))
			json_array_append_new(users, user_at(i));
	}
	return json_pack("{s:o}", "value", users);
}

static json_t *list_of(const struct directory *directory, const char *url)
{
	char value[1024];
	if (strstr(url, "=id%20in%20(") != NULL)
		return roll_of(directory, url);
	const char *from = strstr(url, "%27") + 3;
	const char *end = strrchr(url, '%');
	decode(from, end, value);
	json_t *users = json_array();
	for (unsigned i = 0; i < PEOPLE; i++)
		if (user_fits(i, url, value))
			json_array_append_new(users, user_at(i));
	json_t *page = json_pack("{s:o}", "value", users);
	if (directory->faults && digest(directory->seed, url) % 9 == 0 && strstr(url, "skiptoken") == NULL) {
		char link[4096];
		snprintf(link, sizeof(link), "%s/v1.0%s&$skiptoken=2", directory->origin, url);
		json_array_clear(users);
		json_object_set_new(page, "@odata.nextLink", json_string(link));
	}
	return page;
}

static json_t *one_of(const char *url, int *status)
{
	char name[1024];
	decode(url + strlen("/users/"), strchr(url, '?'), name);
	for (unsigned i = 0; i < PEOPLE; i++) {
		json_t *user = user_at(i);
		if (strcasecmp(json_string_at(user, "userPrincipalName"), name) == 0 ||
		    strcasecmp(json_string_at(user, "id"), name) == 0)
			return user;
		json_decref(user);
	}
	*status = 404;
	return json_loads(FAKE_NOT_FOUND("x"), 0, NULL);
}

/* NULL: no answer to that one. */
static json_t *item_of(const struct directory *directory, const char *url, int *status)
{
	unsigned fate = directory->faults ? digest(directory->seed + 1, url) % 60 : 99;
	bool is_list = strstr(url, "$filter") != NULL;
	*status = 200;
	if (strstr(url, "startswith") != NULL && fate < 20) {
		*status = 400;
		return json_pack("{s:{s:s}}", "error", "code", "Request_UnsupportedQuery");
	}
	if (fate == 0 || fate == 1 || fate == 2) {
		*status = fate == 0 ? 500 : fate == 1 ? 403 : 404;
		return json_pack("{s:{s:s}}", "error", "code", "Words");
	}
	if (fate == 3)
		return json_pack("{s:[{s:s}]}", "value", "id", "not an id");
	if (fate == 4)
		return json_object();
	if (fate == 5 && is_list)
		return NULL;
	return is_list ? list_of(directory, url) : one_of(url, status);
}

static void under_way(struct directory *directory, int change)
{
	int now = atomic_fetch_add(&directory->under_way, change) + change;
	if (now > directory->most_under_way)
		directory->most_under_way = now;
}

static char *exchange_write(struct fake_rule *rule, const char *request)
{
	struct directory *directory = rule->context;
	const char *body = strstr(request, "\r\n\r\n") + 4;
	under_way(directory, 1);
	usleep(2000);
	directory->batches++;
	_cleanup_(json_decrefp) json_t *envelope = json_loads(body, 0, NULL);
	const json_t *requests = json_object_get(envelope, "requests");
	_cleanup_(json_decrefp) json_t *answer = json_pack("{s:[]}", "responses");
	json_t *responses = json_object_get(answer, "responses");
	directory->requests += (int)json_array_size(requests);
	if (json_array_size(requests) > 20 || (directory->poison != NULL && strstr(body, directory->poison) != NULL))
		rule->status = 400;
	if (directory->refusals > 0 && directory->refused++ < directory->refusals) {
		rule->status = directory->refusal;
		rule->headers = directory->refusal_headers;
	}
	for (size_t i = json_array_size(requests); i-- > 0 && rule->status == 200;) {
		const json_t *one = json_array_get(requests, i);
		int status = 0;
		json_t *item = item_of(directory, json_string_at(one, "url"), &status);
		if (item != NULL)
			json_array_append_new(responses, json_pack("{s:O,s:i,s:o}", "id", json_object_get(one, "id"), "status",
			                                           status, "body", item));
	}
	under_way(directory, -1);
	return rule->status == 200 ? json_dumps(answer, JSON_COMPACT)
	                           : strdup("{\"error\":{\"code\":\"Words\",\"message\":\"m\"}}");
}

static char *user_write(struct fake_rule *rule, const char *request)
{
	char url[4096];
	sscanf(request, "GET /v1.0%4095s", url);
	json_t *item = item_of(rule->context, url, &rule->status);
	char *text = json_dumps(item, JSON_COMPACT);
	json_decref(item);
	return text;
}

/* ---- the stage ---- */

static struct identity_question questions[ASKED_MAX];
static struct identity_match matches[ASKED_MAX];
static struct error errors[ASKED_MAX];

static void stage_open(struct fake_world *world, struct directory *directory)
{
	fake_world_open(world);
	fake_world_token(world, FAKE_ROLES);
	directory->origin = world->entra.origin;
	fake_when(
	    &world->entra,
	    (struct fake_rule){
	        .method = "POST", .path = "/v1.0/$batch", .status = 200, .write = exchange_write, .context = directory});
	fake_when(&world->entra,
	          (struct fake_rule){
	              .method = "GET", .path = "/v1.0/users", .status = 200, .write = user_write, .context = directory});
	memset(questions, 0, sizeof(questions));
}

static enum result ask(struct fake_world *world, size_t count, struct error *error)
{
	enum result result = world->ops->match_users(&world->environment, &world->target, questions, count, world->arena,
	                                             matches, errors, error);
	for (size_t i = 0; i < count; i++)
		assert_true((matches[i].code != NULL) == (errors[i].result == RESULT_OK));
	return result;
}

static void question_draw(struct fake_world *world, struct identity_question *question, unsigned draw)
{
	char address[64];
	address_of(draw / 16 % (PEOPLE + 4), address);
	char *name = arena_strdup(world->arena, address);
	char *id = arena_printf(world->arena, "00000000-0000-0000-0000-%012u", draw / 16 % (PEOPLE + 4));
	*question = (struct identity_question){0};
	if (draw % 16 < 7)
		question->address = name;
	else if (draw % 16 < 10)
		question->mapping_external_id = name;
	else if (draw % 16 < 12)
		question->mapping_external_id = id;
	else if (draw % 16 == 12)
		question->mapping_external_id = "delta";
	else if (draw % 16 == 13)
		question->address = "nowhere";
	else if (draw % 16 == 14)
		*question = (struct identity_question){.mapping_external_id = name, .pinned_object_id = FAKE_USER};
}

static void same(const struct identity_match *one, const struct identity_match *other)
{
	assert_int_equal(one->outcome, other->outcome);
	assert_string_equal(one->code, other->code);
	assert_string_equal(one->reason, other->reason);
	assert_true(text_equal(one->user.object_id, other->user.object_id));
	assert_true(text_equal(one->user.user_principal_name, other->user.user_principal_name));
	assert_int_equal(one->candidate_count, other->candidate_count);
	for (size_t i = 0; i < one->candidate_count; i++) {
		assert_string_equal(one->candidates[i].object_id, other->candidates[i].object_id);
		assert_int_equal(one->candidates[i].account_enabled, other->candidates[i].account_enabled);
	}
}

/* Returns 1 if there is a match. */
static size_t compare_with_alone(struct fake_world *world, size_t at)
{
	struct identity_match match = {0};
	struct error error = {0};
	enum result result =
	    world->ops->match_user(&world->environment, &world->target, &questions[at], world->arena, &match, &error);
	assert_int_equal(result, errors[at].result);
	if (result == RESULT_OK) {
		same(&matches[at], &match);
		return 1;
	}
	assert_string_equal(errors[at].code, error.code);
	assert_string_equal(errors[at].detail, error.detail);
	assert_int_equal(errors[at].retryable, error.retryable);
	assert_int_equal(errors[at].http_status, error.http_status);
	return 0;
}

/* Three addresses to a batch, and mappings wherever there is room. */
static int fewest_batches(size_t count)
{
	size_t addresses = 0;
	size_t mappings = 0;
	for (size_t i = 0; i < count; i++) {
		const struct identity_question *question = &questions[i];
		mappings += question->mapping_external_id != NULL && strcmp(question->mapping_external_id, "delta") != 0;
		addresses += question->mapping_external_id == NULL && question->address != NULL &&
		             strcmp(question->address, "nowhere") != 0;
	}
	size_t batches = (addresses + 2) / 3;
	size_t room = batches * 20 - addresses * 6;
	return (int)(batches + (mappings > room ? (mappings - room + 19) / 20 : 0));
}

static void many_people_get_what_each_would_get_alone(void **state)
{
	(void)state;
	size_t matched = 0;
	size_t failed = 0;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct fake_world world;
		struct directory directory = {.seed = seed, .faults = seed % 4 != 0};
		stage_open(&world, &directory);
		unsigned draw = seed;
		size_t count = 1 + digest(seed, "count") % 60;
		for (size_t i = 0; i < count; i++)
			question_draw(&world, &questions[i], (draw = digest(draw, "next")));
		assert_int_equal(ask(&world, count, NULL), RESULT_OK);
		assert_true(directory.batches <= fewest_batches(count));
		for (size_t i = 0; i < count; i++) {
			size_t is_matched = compare_with_alone(&world, i);
			matched += is_matched;
			failed += 1 - is_matched;
		}
		fake_world_close(&world);
	}
	assert_true(matched > 200);
	assert_true(failed > 20);
}

static void ask_addresses(struct fake_world *world, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char address[64];
		address_of((unsigned)i, address);
		questions[i].address = arena_strdup(world->arena, address);
	}
}

static void a_thousand_people_take_334_exchanges_several_at_a_time(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {0};
	stage_open(&world, &directory);
	ask_addresses(&world, ASKED_MAX);
	world.target.deadline_ms = clock_monotonic_ms(clock_system()) + 60000;
	assert_int_equal(ask(&world, ASKED_MAX, NULL), RESULT_OK);
	assert_int_equal(directory.batches, 334);
	assert_int_equal(directory.requests, 6 * ASKED_MAX);
	assert_true(directory.most_under_way > 1 && directory.most_under_way <= BATCH_CALLS_MAX);
	assert_int_equal(fake_count(&world.entra, "POST", "/oauth2/v2.0/token"), 1);
	for (size_t i = 0; i < ASKED_MAX; i++)
		assert_non_null(matches[i].code);
	struct error error = {0};
	assert_int_equal(world.ops->match_users(&world.environment, &world.target, questions, ASKED_MAX + 1, world.arena,
	                                        matches, errors, &error),
	                 RESULT_INVALID);
	fake_world_close(&world);
}

static void nothing_goes_out_once_the_directory_asked_us_to_wait(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *headers;
		int64_t wait_ms;
	} refusals[] = {
	    {429, "Retry-After: 30\r\n", 20000}, {503, "Retry-After: 30\r\n", 20000}, {429, NULL, -1}, {503, NULL, -1}};
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct fake_world world;
		struct directory directory = {
		    .refusals = 1, .refusal = refusals[i].status, .refusal_headers = refusals[i].headers};
		stage_open(&world, &directory);
		ask_addresses(&world, 60);
		questions[59] = (struct identity_question){0};
		assert_int_equal(ask(&world, 60, NULL), RESULT_OK);
		assert_int_equal(directory.batches, BATCH_CALLS_MAX);
		size_t learned = 0;
		for (size_t at = 0; at < ONE_ROUND; at++)
			learned += matches[at].code != NULL;
		assert_int_equal(learned, ONE_ROUND - 3);
		for (size_t at = ONE_ROUND; at < 59; at++) {
			assert_string_equal(errors[at].code, "graph_throttled");
			assert_true(errors[at].retryable);
			assert_true(refusals[i].wait_ms < 0 ? errors[at].retry_after_ms == -1
			                                    : errors[at].retry_after_ms > refusals[i].wait_ms);
		}
		assert_string_equal(matches[59].code, "email_hidden");
		fake_world_close(&world);
	}
}

static void while_the_directory_asks_us_to_wait_nobody_is_asked_about(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.refusals = 1, .refusal = 429, .refusal_headers = "Retry-After: 30\r\n"};
	stage_open(&world, &directory);
	ask_addresses(&world, 8);
	assert_int_equal(ask(&world, 1, NULL), RESULT_THROTTLED);
	struct error error = {0};
	questions[7] = (struct identity_question){.mapping_external_id = "delta"};
	assert_int_equal(ask(&world, 8, &error), RESULT_THROTTLED);
	assert_string_equal(error.code, "graph_throttled");
	assert_string_equal(errors[6].code, "graph_throttled");
	assert_string_equal(matches[7].code, "mapping_target_missing");
	assert_int_equal(directory.batches, 1);
	fake_world_close(&world);
}

#define ITEM(id, status) "{\"id\":\"" id "\",\"status\":" status ",\"body\":{\"value\":[]}}"

static void a_throttled_item_is_one_person_s_failure_and_the_last_thing_asked(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	fake_when(
	    &world.entra,
	    (struct fake_rule){
	        .method = "POST",
	        .path = "/v1.0/$batch",
	        .status = 200,
	        .body = "{\"responses\":[" ITEM("1", "200") "," ITEM("2", "200") "," ITEM("3", "429") "," ITEM("4", "200") "," ITEM("5", "200") "," ITEM(
	            "6",
	            "200") "," ITEM("7",
	                            "200") "," ITEM("8",
	                                            "200") "," ITEM("9",
	                                                            "200") "," ITEM("10",
	                                                                            "200") "," ITEM("11",
	                                                                                            "200") "," ITEM("1"
	                                                                                                            "2",
	                                                                                                            "20"
	                                                                                                            "0") "," ITEM("13",
	                                                                                                                          "200") "]}"});
	memset(questions, 0, sizeof(questions));
	ask_addresses(&world, ONE_ROUND + 1);
	assert_int_equal(ask(&world, ONE_ROUND + 1, NULL), RESULT_OK);
	assert_string_equal(errors[0].code, "graph_throttled");
	assert_string_equal(matches[1].code, "user_not_found");
	assert_string_equal(errors[2].code, "graph_bad_response");
	assert_string_equal(errors[ONE_ROUND].code, "graph_throttled");
	assert_int_equal(fake_count(&world.entra, "POST", "/$batch"), BATCH_CALLS_MAX);
	fake_world_close(&world);
}

static void one_person_whom_the_directory_cannot_bear_takes_nobody_along(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.poison = "p%2B7%40"};
	stage_open(&world, &directory);
	ask_addresses(&world, 12);
	assert_int_equal(ask(&world, 12, NULL), RESULT_OK);
	for (size_t i = 0; i < 12; i++)
		assert_true((matches[i].code != NULL) == (i != 7));
	assert_string_equal(errors[7].code, "graph_error");
	assert_int_equal(directory.batches, 4 + 3);
	fake_world_close(&world);
}

static void a_directory_that_does_not_answer_is_asked_one_round(void **state)
{
	(void)state;
	struct fake_world world;
	fake_world_open(&world);
	fake_world_token(&world, FAKE_ROLES);
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST", .path = "/v1.0/$batch", .hang_up = true, .status = 200});
	memset(questions, 0, sizeof(questions));
	ask_addresses(&world, 60);
	struct error error = {0};
	assert_int_not_equal(ask(&world, 60, &error), RESULT_OK);
	assert_true(error.retryable);
	assert_int_equal(fake_count(&world.entra, "POST", "/$batch"), BATCH_CALLS_MAX);
	assert_string_equal(errors[59].code, error.code);
	fake_world_close(&world);
}

static void one_new_token_is_for_all(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.refusals = 4, .refusal = 401};
	stage_open(&world, &directory);
	ask_addresses(&world, 12);
	assert_int_equal(ask(&world, 12, NULL), RESULT_OK);
	for (size_t i = 0; i < 12; i++)
		assert_non_null(matches[i].code);
	assert_int_equal(directory.batches, 8);
	assert_int_equal(fake_count(&world.entra, "POST", "/oauth2/v2.0/token"), 2);
	fake_world_close(&world);
}

static void a_new_token_that_cannot_be_had_is_asked_for_once(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.refusals = 1000, .refusal = 401};
	fake_world_open(&world);
	fake_when(&world.entra, (struct fake_rule){.method = "POST",
	                                           .path = "/oauth2/v2.0/token",
	                                           .status = 200,
	                                           .uses = 1,
	                                           .body = fake_token_body(world.arena, FAKE_ROLES, 3599, "one")});
	fake_when(&world.entra,
	          (struct fake_rule){.method = "POST", .path = "/oauth2/v2.0/token", .status = 200, .hang_up = true});
	fake_when(
	    &world.entra,
	    (struct fake_rule){
	        .method = "POST", .path = "/v1.0/$batch", .status = 200, .write = exchange_write, .context = &directory});
	memset(questions, 0, sizeof(questions));
	ask_addresses(&world, 60);
	questions[59] = (struct identity_question){0};
	assert_int_not_equal(ask(&world, 60, NULL), RESULT_OK);
	assert_string_equal(matches[59].code, "email_hidden");
	assert_int_equal(directory.batches, BATCH_CALLS_MAX);
	assert_int_equal(fake_count(&world.entra, "POST", "/oauth2/v2.0/token"), 2);
	fake_world_close(&world);
}

static void ask_ids(struct fake_world *world, size_t count)
{
	for (size_t i = 0; i < count; i++)
		questions[i].mapping_external_id = arena_printf(world->arena, "00000000-0000-0000-0000-%012zu", i % PEOPLE);
}

static void six_hundred_known_ids_are_two_exchanges(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {0};
	stage_open(&world, &directory);
	ask_ids(&world, 600);
	assert_int_equal(ask(&world, 600, NULL), RESULT_OK);
	assert_int_equal(directory.batches, 2);
	assert_int_equal(directory.requests, 40);
	for (size_t i = 0; i < 600; i++) {
		bool disabled = i % PEOPLE % 11 == 4;
		assert_string_equal(matches[i].code, disabled ? "mapping_target_disabled" : "mapping");
	}
	fake_world_close(&world);
}

static void whoever_a_roll_leaves_out_is_asked_about_alone_before_anybody_is_called_missing(void **state)
{
	(void)state;
	struct fake_world world;
	struct directory directory = {.unlisted = 7};
	stage_open(&world, &directory);
	ask_ids(&world, PEOPLE);
	questions[3].mapping_external_id = "00000000-0000-0000-0000-000000009999";
	assert_int_equal(ask(&world, PEOPLE, NULL), RESULT_OK);
	assert_string_equal(matches[7].code, "mapping");
	assert_string_equal(matches[7].user.object_id, questions[7].mapping_external_id);
	assert_string_equal(matches[3].code, "mapping_target_missing");
	assert_int_equal(directory.requests, 2 + 2);
	fake_world_close(&world);
}

static void a_failed_allocation_never_makes_somebody_else_of_a_person(void **state)
{
	(void)state;
	static struct identity_match expected[9];
	struct fake_world world;
	struct directory directory = {.seed = 5};
	stage_open(&world, &directory);
	ask_addresses(&world, 9);
	for (size_t i = 5; i < 9; i++)
		questions[i] = (struct identity_question){.mapping_external_id = questions[i].address};
	assert_int_equal(ask(&world, 9, NULL), RESULT_OK);
	memcpy(expected, matches, sizeof(expected));
	size_t failed = 0;
	for (uint64_t nth = 1; nth < 400; nth++) {
		memset(matches, 0, sizeof(matches));
		memory_fail_nth(nth);
		enum result result =
		    world.ops->match_users(&world.environment, &world.target, questions, 9, world.arena, matches, errors, NULL);
		memory_fail_nth(0);
		for (size_t i = 0; i < 9; i++) {
			if (matches[i].code != NULL)
				same(&matches[i], &expected[i]);
			else
				failed++;
			assert_true(matches[i].code != NULL || result != RESULT_OK || errors[i].result != RESULT_OK);
		}
	}
	assert_true(failed > 0);
	assert_int_equal(ask(&world, 9, NULL), RESULT_OK);
	fake_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_people_get_what_each_would_get_alone),
	    cmocka_unit_test(a_thousand_people_take_334_exchanges_several_at_a_time),
	    cmocka_unit_test(nothing_goes_out_once_the_directory_asked_us_to_wait),
	    cmocka_unit_test(while_the_directory_asks_us_to_wait_nobody_is_asked_about),
	    cmocka_unit_test(a_throttled_item_is_one_person_s_failure_and_the_last_thing_asked),
	    cmocka_unit_test(one_person_whom_the_directory_cannot_bear_takes_nobody_along),
	    cmocka_unit_test(a_directory_that_does_not_answer_is_asked_one_round),
	    cmocka_unit_test(one_new_token_is_for_all),
	    cmocka_unit_test(a_new_token_that_cannot_be_had_is_asked_for_once),
	    cmocka_unit_test(six_hundred_known_ids_are_two_exchanges),
	    cmocka_unit_test(whoever_a_roll_leaves_out_is_asked_about_alone_before_anybody_is_called_missing),
	    cmocka_unit_test(a_failed_allocation_never_makes_somebody_else_of_a_person),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
