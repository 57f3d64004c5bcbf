#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "config/config_table.h"
#include "secrets/reference.h"

#define LONGEST_HOST 255

struct url_parts {
	bool https;
	char host[LONGEST_HOST + 1]; /* without brackets */
	const char *path;            /* "" or from its slash on */
};

static bool host_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool host_is_valid(const char *host, bool bracketed)
{
	struct in6_addr six;

	if (bracketed)
		return inet_pton(AF_INET6, host, &six) == 1;
	return *host && host[0] != '-' && host[0] != '.' &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == strlen(host);
}

/* Cuts "host[:port]" or "[v6][:port]" off; NULL if it is neither. Leaves *ret_port at -1 where no port is said. */
static const char *parse_host_port(const char *at, char host[LONGEST_HOST + 1], int *ret_port)
{
	bool bracketed = *at == '[';
	const char *start = bracketed ? at + 1 : at;
	size_t length = strcspn(start, bracketed ? "]" : ":/?#");
	int64_t port = -1;

	if (length > LONGEST_HOST || (bracketed && start[length] != ']'))
		return NULL;
	memcpy(host, start, length);
	host[length] = '\0';
	at = start + length + (bracketed ? 1 : 0);
	if (!host_is_valid(host, bracketed))
		return NULL;
	if (*at == ':') {
		char digits[8];
		size_t count = strspn(at + 1, "0123456789");

		if (count == 0 || count > 5)
			return NULL;
		memcpy(digits, at + 1, count);
		digits[count] = '\0';
		if (text_parse_int(digits, 0, 65535, &port) != RESULT_OK)
			return NULL;
		at += 1 + count;
	}
	*ret_port = (int)port;
	return at;
}

static bool is_printable_ascii(const char *text)
{
	for (; *text; text++)
		if (*text <= 0x20 || *text >= 0x7f)
			return false;
	return true;
}

static bool parse_url(const char *url, struct url_parts *parts)
{
	int port = 0;

	if (!is_printable_ascii(url) || (!text_starts_with(url, "https://") && !text_starts_with(url, "http://")))
		return false;
	parts->https = text_starts_with(url, "https://");
	parts->path = parse_host_port(url + (parts->https ? 8 : 7), parts->host, &port);
	return parts->path && port != 0 && (*parts->path == '\0' || *parts->path == '/') && !strpbrk(parts->path, "?#");
}

const char *config_check_url(const char *value)
{
	struct url_parts parts;

	if (!parse_url(value, &parts))
		return "must be a URL: https://host[:port][/path], without a query";
	return parts.https || host_is_loopback(parts.host) ? NULL : "must be https (http only to this machine)";
}

const char *config_check_origin(const char *value)
{
	struct url_parts parts;

	if (!parse_url(value, &parts) || (*parts.path && !text_equal(parts.path, "/")))
		return "must be scheme://host[:port] without a path";
	return parts.https || host_is_loopback(parts.host) ? NULL : "must be https (http only to this machine)";
}

const char *config_check_proxy(const char *value)
{
	struct url_parts parts;

	if (!parse_url(value, &parts) || (*parts.path && !text_equal(parts.path, "/")))
		return "must be http://host:port";
	return NULL;
}

const char *config_check_listen(const char *value)
{
	static const char sentence[] =
	    "must be ADDRESS:PORT, [IPv6 ADDRESS]:PORT or unix:/path (an address, not a host name)";
	char host[LONGEST_HOST + 1];
	struct in_addr four;
	int port = -1;

	if (text_starts_with(value, "unix:"))
		return value[5] == '/' && strlen(value + 5) < 108 ? NULL : "must be unix:/path, at most 107 bytes of path";

	const char *rest = parse_host_port(value, host, &port);

	if (!rest || *rest || port < 0)
		return sentence;
	return value[0] == '[' || inet_pton(AF_INET, host, &four) == 1 ? NULL : sentence;
}

bool config_listen_is_local(const char *listen)
{
	char host[LONGEST_HOST + 1];
	int port = -1;

	return text_starts_with(listen, "unix:") || (parse_host_port(listen, host, &port) && host_is_loopback(host));
}

const char *config_check_store(const char *value)
{
	if (text_starts_with(value, "postgres:") || text_starts_with(value, "postgresql:"))
		return "names PostgreSQL, which is not built yet; use sqlite:/path";
	return text_starts_with(value, "sqlite:") && value[7] ? NULL : "must be sqlite:/path/to/file.db";
}

const char *config_check_reference(const char *value)
{
	return secret_reference_is_valid(value)
	           ? NULL
	           : "must be a secret reference (env:NAME, file:/path or systemd:NAME), never the secret itself";
}

const char *config_check_allow(const char *value)
{
	return secret_allow_list_check(value, NULL) == RESULT_OK
	           ? NULL
	           : "must be a comma-separated list of dir:/path, env:NAME, env:PREFIX*, systemd:NAME, systemd:*";
}

const char *config_check_path(const char *value)
{
	return value[0] == '/' ? NULL : "must be an absolute path";
}

static bool is_uuid_list(const char *list)
{
	while (true) {
		char item[64];
		size_t length;

		list += strspn(list, " \t");
		length = strcspn(list, ", \t");
		if (length >= sizeof(item))
			return false;
		memcpy(item, list, length);
		item[length] = '\0';
		if (!text_is_uuid(item))
			return false;
		list += length;
		list += strspn(list, " \t");
		if (*list == '\0')
			return true;
		if (*list++ != ',')
			return false;
	}
}

const char *config_check_groups(const char *value)
{
	if (text_equal(value, "any") || text_equal(value, "owned"))
		return NULL;
	if (text_starts_with(value, "prefix:"))
		return value[7] ? NULL : "prefix: needs a text after it";
	if (text_starts_with(value, "ids:"))
		return is_uuid_list(value + 4) ? NULL : "ids: needs object ids (GUIDs), comma-separated";
	return "must be any, owned, prefix:TEXT or ids:GUID,GUID";
}

const char *config_check_jira_auth(const char *value)
{
	if (text_equal(value, "basic") || text_equal(value, "bearer") || text_equal(value, "oauth"))
		return NULL;
	return "must be basic, bearer or oauth";
}

const char *config_check_level(const char *value)
{
	enum log_level level;

	return log_parse_level(value, &level) == RESULT_OK ? NULL : "must be debug, info, warning or error";
}
