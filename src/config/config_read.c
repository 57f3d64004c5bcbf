/* Reading a config file.
 *
 * inih takes a line apart: name, value, inline comment. It accepts more than we do (keys after a colon, continued
 * lines, lines cut where its buffer ends) and gives no line numbers. So the reader that hands it the lines counts them,
 * looks at each first, and where it finds a fault hands over an empty line instead: inih only ever sees lines that mean
 * one thing. The section that counts is the reader's own, since inih would put the keys of a refused section into the
 * one before. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/config_table.h"

#define LONGEST_LINE 1000
#define MOST_LINES 10000
#define MOST_FAULTS 200
#define MOST_KEYS 64

struct reading {
	FILE *file;
	struct arena *arena;
	struct config *config;
	int line;
	const char *section;   /* in the file, now; NULL: none, or an unknown one */
	bool any_section;      /* a header was seen, good or not */
	int set_at[MOST_KEYS]; /* by the table: the line in the file; 0 not set */
	bool overridden[MOST_KEYS];
	int section_at[MOST_KEYS]; /* by the section's first key in the table */
	struct config_fault *faults;
	size_t fault_count;
	bool out_of_memory;
};

static void add_fault(struct reading *reading, int line, const char *message)
{
	if (!message) {
		reading->out_of_memory = true;
		return;
	}
	if (reading->fault_count == MOST_FAULTS)
		return;
	if (reading->fault_count == MOST_FAULTS - 1)
		message = "there are more faults than are listed here";
	reading->faults[reading->fault_count++] = (struct config_fault){.line = line, .message = message};
}

/* The table's index of the section's first key: its identity. */
static int section_index(const char *section)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (text_equal(config_keys[i].section, section))
			return (int)i;
	return -1;
}

static void enter_section(struct reading *reading, const char *line)
{
	const char *end = strchr(line, ']');
	const char *after = end ? end + 1 : "";
	size_t blank = strspn(after, " \t");
	char *name = end ? arena_strndup(reading->arena, line + 1, (size_t)(end - line - 1)) : NULL;
	int index;

	reading->section = NULL;
	reading->any_section = true;
	if (!end || (after[blank] && (after[blank] != ';' || blank == 0))) {
		add_fault(reading, reading->line, "a section must be written [name], alone on its line");
		return;
	}
	index = name ? section_index(name) : -1;
	if (index < 0) {
		add_fault(reading, reading->line, arena_printf(reading->arena, "unknown section [%s]", name ? name : ""));
		return;
	}
	reading->section = config_keys[index].section;
	if (reading->section_at[index])
		add_fault(reading, reading->line,
		          arena_printf(reading->arena, "section [%s] is in line %d already", name, reading->section_at[index]));
	else
		reading->section_at[index] = reading->line;
}

/* The separator that inih would take: the first of = and : before a comment. */
static char separator_of(const char *line)
{
	for (const char *at = line; *at; at++) {
		if (*at == '=' || *at == ':')
			return *at;
		if (*at == ';' && at > line && (at[-1] == ' ' || at[-1] == '\t'))
			return '\0';
	}
	return '\0';
}

static const char *check_bytes(const char *line, size_t length, bool over_long)
{
	if (over_long)
		return "the line is longer than 1000 bytes";
	if (!text_is_utf8(line, length))
		return "the line is not UTF-8";
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
			return "the line holds a control character";
	return NULL;
}

/* Whether inih may see the line. */
static bool line_is_for_inih(struct reading *reading, const char *line, size_t length, bool over_long)
{
	const char *fault = check_bytes(line, length, over_long);
	const char *start = fault ? line : line + strspn(line, " \t");

	if (!fault) {
		if (*start == '\0' || *start == ';' || *start == '#')
			return false;
		if (start > line)
			fault = "the line begins with white space: a value cannot be continued on a second line";
	}
	if (!fault && *start == '[') {
		enter_section(reading, line);
		return false;
	}
	if (!fault && separator_of(line) == ':')
		fault = "a key and its value are separated by =, not by :";
	if (!fault && separator_of(line) == '\0')
		fault = "neither [section] nor key = value nor a comment";
	if (fault)
		add_fault(reading, reading->line, fault);
	return !fault;
}

/* One line without its end into `into` (LONGEST_LINE + 1 bytes and NUL); false at the end of the file. */
static bool take_line(FILE *file, char *into, size_t *ret_length, bool *ret_over_long)
{
	size_t length = 0;
	int character = getc(file);

	*ret_over_long = false;
	if (character == EOF)
		return false;
	for (; character != EOF && character != '\n'; character = getc(file)) {
		if (length <= LONGEST_LINE)
			into[length++] = (char)character;
		else
			*ret_over_long = true;
	}
	if (length > 0 && !*ret_over_long && into[length - 1] == '\r')
		length--;
	*ret_over_long = *ret_over_long || length > LONGEST_LINE;
	into[length] = '\0';
	*ret_length = length;
	return true;
}

static char *read_line(char *into, int size, void *context)
{
	struct reading *reading = context;
	char line[LONGEST_LINE + 2] = "";
	char *start = line;
	size_t length = 0;
	bool over_long = false;

	if (!take_line(reading->file, line, &length, &over_long))
		return NULL;
	reading->line++;
	if (reading->line > MOST_LINES) {
		add_fault(reading, reading->line, "the file has more than 10000 lines");
		return NULL;
	}
	if (reading->line == 1 && text_starts_with(line, "\xEF\xBB\xBF")) {
		start += 3;
		length -= 3;
	}
	if (line_is_for_inih(reading, start, length, over_long))
		(void)snprintf(into, (size_t)size, "%s", start);
	else
		(void)snprintf(into, (size_t)size, "\n");
	return into;
}

static void set_key(struct reading *reading, const char *name, const char *value)
{
	int index = config_key_find(reading->section, name);
	const char *reason = NULL;
	enum result result;

	if (index < 0) {
		add_fault(reading, reading->line, arena_printf(reading->arena, "[%s] has no key %s", reading->section, name));
		return;
	}
	if (reading->set_at[index]) {
		add_fault(reading, reading->line,
		          arena_printf(reading->arena, "[%s] %s is set in line %d already", reading->section, name,
		                       reading->set_at[index]));
		return;
	}
	reading->set_at[index] = reading->line;
	result = config_key_store(&config_keys[index], value, reading->config, &reason);
	if (result == RESULT_INVALID)
		add_fault(reading, reading->line,
		          reason ? arena_printf(reading->arena, "[%s] %s %s", reading->section, name, reason) : NULL);
	else if (result != RESULT_OK)
		reading->out_of_memory = true;
}

static int take_pair(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;

	(void)section;
	if (reading->section)
		set_key(reading, name, value);
	else if (!reading->any_section)
		add_fault(reading, reading->line, "a key before the first [section]");
	return 1;
}

/* Is `name` SECTION_KEY of this key? */
static bool spells(const struct config_key *key, const char *name)
{
	size_t length = strlen(key->section);

	return strncasecmp(name, key->section, length) == 0 && name[length] == '_' &&
	       strcasecmp(name + length + 1, key->name) == 0 && !strpbrk(name, "abcdefghijklmnopqrstuvwxyz");
}

static void apply_override(struct reading *reading, const char *variable, const char *name, const char *value)
{
	const char *reason = NULL;

	for (size_t i = 0; i < config_key_count; i++) {
		if (!spells(&config_keys[i], name))
			continue;
		reading->overridden[i] = true;
		if (config_key_store(&config_keys[i], value, reading->config, &reason) != RESULT_OK)
			add_fault(reading, 0, reason ? arena_printf(reading->arena, "%s %s", variable, reason) : NULL);
		return;
	}
	add_fault(reading, 0,
	          arena_printf(reading->arena, "%.200s in the environment overrides no key that there is", variable));
}

static void apply_overrides(struct reading *reading, char *const *environment)
{
	static const char prefix[] = "AICLEARANCE_";

	for (; environment && *environment; environment++) {
		const char *equals = strchr(*environment, '=');
		char *variable;

		if (!equals || !text_starts_with(*environment, prefix))
			continue;
		variable = arena_strndup(reading->arena, *environment, (size_t)(equals - *environment));
		if (!variable)
			reading->out_of_memory = true;
		else if (!text_equal(variable, "AICLEARANCE_URL") && !text_equal(variable, "AICLEARANCE_TOKEN"))
			apply_override(reading, variable, variable + strlen(prefix), equals + 1);
	}
}

/* Where a rule about several keys is to be reported: the line of the key, 0 if the environment or nobody set it. */
static int line_of(const struct reading *reading, const char *section, const char *name)
{
	int index = config_key_find(section, name);

	return index < 0 || reading->overridden[index] ? 0 : reading->set_at[index];
}

/* A value that was given but bad has its own fault already. */
static bool was_given(const struct reading *reading, const char *section, const char *name)
{
	int index = config_key_find(section, name);

	return index >= 0 && (reading->overridden[index] || reading->set_at[index] > 0);
}

static void require(struct reading *reading, const char *section, const char *name, const char *why, int line)
{
	if (!was_given(reading, section, name))
		add_fault(reading, line, arena_printf(reading->arena, "[%s] %s is missing: %s", section, name, why));
}

static void check_server(struct reading *reading)
{
	const struct config *config = reading->config;
	bool tls = was_given(reading, "server", "tls_cert") && was_given(reading, "server", "tls_key");

	if (was_given(reading, "server", "tls_cert"))
		require(reading, "server", "tls_key", "tls_cert needs it", line_of(reading, "server", "tls_cert"));
	if (was_given(reading, "server", "tls_key"))
		require(reading, "server", "tls_cert", "tls_key needs it", line_of(reading, "server", "tls_key"));
	if (!tls && !config->behind_proxy && !config_listen_is_local(config->listen))
		add_fault(reading, line_of(reading, "server", "listen"),
		          "[server] listen is not a loopback address: that needs tls_cert and tls_key, or behind_proxy = true");
}

static void check_jira(struct reading *reading)
{
	const char *auth = reading->config->jira_auth;
	int line = line_of(reading, "jira", "auth");

	if (!was_given(reading, "jira", "site_url"))
		return;
	require(reading, "jira", "auth", "how this service signs in at Jira (basic, bearer or oauth)",
	        line_of(reading, "jira", "site_url"));
	if (text_equal(auth, "basic"))
		require(reading, "jira", "user", "auth = basic needs it", line);
	if (text_equal(auth, "basic") || text_equal(auth, "bearer"))
		require(reading, "jira", "token",
		        text_equal(auth, "basic") ? "auth = basic needs it" : "auth = bearer needs it", line);
	if (text_equal(auth, "oauth")) {
		require(reading, "jira", "client_id", "auth = oauth needs it", line);
		require(reading, "jira", "client_secret", "auth = oauth needs it", line);
		require(reading, "jira", "token_url", "auth = oauth needs it", line);
	}
	if (!reading->config->jira_api_url)
		reading->config->jira_api_url = reading->config->jira_site_url;
}

static int fault_order(const struct config_fault *fault)
{
	return fault->line ? fault->line : MOST_LINES + 2;
}

/* By line, those without one last; two of one line stay in the order in which they were found. */
static void sort_faults(struct config_fault *faults, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct config_fault moving = faults[i];
		size_t at = i;

		for (; at > 0 && fault_order(&faults[at - 1]) > fault_order(&moving); at--)
			faults[at] = faults[at - 1];
		faults[at] = moving;
	}
}

static void parse(struct reading *reading)
{
	/* inih's settings are its globals; a config is read before there are threads. */
	ini_max_line = LONGEST_LINE + 24;
	ini_allow_multiline = false;
	ini_allow_bom = false;
	if (ini_parse_stream(read_line, reading, take_pair, reading) != 0)
		add_fault(reading, reading->line, "the line could not be read");
}

static enum result give_faults(struct reading *reading, enum result result, struct config_fault **ret_faults,
                               size_t *ret_fault_count)
{
	if (reading->out_of_memory)
		return RESULT_NO_MEMORY;
	sort_faults(reading->faults, reading->fault_count);
	*ret_faults = reading->faults;
	*ret_fault_count = reading->fault_count;
	return result;
}

static enum result open_file(struct reading *reading, const char *path, struct config_fault **ret_faults,
                             size_t *ret_fault_count)
{
	reading->file = fopen(path, "re");
	if (reading->file)
		return RESULT_OK;

	enum result result = errno == ENOENT || errno == ENOTDIR ? RESULT_NOT_FOUND : RESULT_IO;

	add_fault(reading, 0, arena_printf(reading->arena, "cannot be opened: %s", strerror(errno)));
	return give_faults(reading, result, ret_faults, ret_fault_count);
}

enum result config_read(const char *path, char *const *environment, struct arena *arena, struct config *ret_config,
                        struct config_fault **ret_faults, size_t *ret_fault_count)
{
	struct config config = {.arena = arena};
	struct reading reading = {.arena = arena, .config = &config};
	bool unreadable;
	enum result result;

	reading.faults = arena_array(arena, MOST_FAULTS, sizeof(*reading.faults));
	if (!reading.faults || config_key_count > MOST_KEYS)
		return RESULT_NO_MEMORY;
	result = open_file(&reading, path, ret_faults, ret_fault_count);
	if (result != RESULT_OK)
		return result;
	config_set_defaults(&config);
	parse(&reading);
	unreadable = ferror(reading.file) != 0;
	(void)fclose(reading.file);
	if (unreadable) {
		reading.fault_count = 0;
		add_fault(&reading, 0, "cannot be read: it is not a readable file");
		return give_faults(&reading, RESULT_IO, ret_faults, ret_fault_count);
	}
	apply_overrides(&reading, environment);
	require(&reading, "store", "url", "where the service keeps everything (sqlite:/path)", 0);
	require(&reading, "secrets", "master_key", "the key under which secrets are sealed", 0);
	check_server(&reading);
	check_jira(&reading);
	if (reading.fault_count > 0 || reading.out_of_memory)
		return give_faults(&reading, RESULT_INVALID, ret_faults, ret_fault_count);
	*ret_config = config;
	*ret_faults = NULL;
	*ret_fault_count = 0;
	return RESULT_OK;
}
