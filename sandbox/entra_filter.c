/* The part of OData's $filter that the directory answers:
 *
 *	or    := and ("or" and)*
 *	and   := unit ("and" unit)*
 *	unit  := "not" unit | "(" or ")" | startswith(name,'x') | endswith(name,'x')
 *	       | name/any(v:v eq 'x') | name/any(v:startswith(v,'x')) | name op value | name in (…)
 *
 * Strings compare without regard to case, as the directory's do. `ne`, `not` and `endswith` need an advanced
 * query (ConsistencyLevel: eventual and $count=true). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "entra.h"

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_EQ, NODE_STARTS, NODE_ENDS, NODE_ANY_EQ, NODE_ANY_STARTS, NODE_IN };

struct entra_filter {
	enum node_kind kind;
	const struct entra_filter *left;
	const struct entra_filter *right;
	const char *name;
	json_t *value; /* NULL: null; kept alive by the parser's `owner` */
};

struct parser {
	struct entra_call *call;
	const char *type;
	const char *at;
	const char *wrong;    /* the sentence, once something is wrong */
	const char *advanced; /* the first operator that needs an advanced query */
	int depth;
	json_t *owner; /* array that keeps the literals alive until the filter is dropped */
};

static struct entra_filter *parse_or(struct parser *parser);

static struct entra_filter *node(struct parser *parser, enum node_kind kind, const char *name, json_t *value)
{
	struct entra_filter *made = arena_alloc(parser->call->request->arena, sizeof(*made));
	if (!made) {
		parser->wrong = "too long";
		return NULL;
	}
	*made = (struct entra_filter){.kind = kind, .name = name, .value = value};
	return made;
}

static void skip_space(struct parser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\t')
		parser->at++;
}

static bool take(struct parser *parser, const char *token)
{
	skip_space(parser);
	size_t length = strlen(token);
	if (strncmp(parser->at, token, length) != 0)
		return false;
	if (isalpha((unsigned char)token[0]) && (isalnum((unsigned char)parser->at[length]) || parser->at[length] == '/'))
		return false;
	parser->at += length;
	return true;
}

static void expect(struct parser *parser, const char *token)
{
	if (!take(parser, token) && !parser->wrong)
		parser->wrong = arena_printf(parser->call->request->arena, "Invalid filter clause: '%s' expected near '%.40s'.",
		                             token, parser->at);
}

static const char *parse_name(struct parser *parser)
{
	skip_space(parser);
	size_t length = 0;
	while (isalnum((unsigned char)parser->at[length]))
		length++;
	char *name = arena_strndup(parser->call->request->arena, parser->at, length);
	parser->at += length;
	if (length == 0 && !parser->wrong)
		parser->wrong = "Invalid filter clause: syntax error.";
	return name ? name : "";
}

static json_t *keep(struct parser *parser, json_t *value)
{
	json_array_append_new(parser->owner, value);
	return value;
}

static json_t *parse_string(struct parser *parser)
{
	struct arena *arena = parser->call->request->arena;
	char *out = arena_alloc(arena, strlen(parser->at) + 1);
	size_t length = 0;
	parser->at++;
	for (; out && *parser->at; parser->at++) {
		if (*parser->at == '\'' && *++parser->at != '\'')
			return keep(parser, json_string(arena_strndup(arena, out, length)));
		out[length++] = *parser->at;
	}
	parser->wrong = "Invalid filter clause: There is an unterminated string literal.";
	return NULL;
}

/* NULL for null; check parser->wrong. */
static json_t *parse_value(struct parser *parser)
{
	skip_space(parser);
	if (*parser->at == '\'')
		return parse_string(parser);
	if (take(parser, "true"))
		return keep(parser, json_true());
	if (take(parser, "false"))
		return keep(parser, json_false());
	if (take(parser, "null"))
		return NULL;
	if (isdigit((unsigned char)*parser->at)) {
		char *end;
		long long number = strtoll(parser->at, &end, 10);
		parser->at = end;
		return keep(parser, json_integer(number));
	}
	if (!parser->wrong)
		parser->wrong = "Invalid filter clause: A literal is expected.";
	return NULL;
}

static struct entra_filter *negate(struct parser *parser, struct entra_filter *inner, const char *operator)
{
	struct entra_filter *negation = node(parser, NODE_NOT, NULL, NULL);
	parser->advanced = operator;
	if (negation)
		negation->left = inner;
	return negation;
}

static const char *checked_name(struct parser *parser)
{
	const char *name = parse_name(parser);
	if (!parser->wrong && !entra_property_known(parser->type, name))
		parser->wrong = arena_printf(parser->call->request->arena,
		                             "Invalid filter clause: Could not find a property named '%s' on type "
		                             "'microsoft.graph.%s'.",
		                             name, parser->type);
	return name;
}

static struct entra_filter *parse_function(struct parser *parser, enum node_kind kind)
{
	expect(parser, "(");
	const char *name = checked_name(parser);
	expect(parser, ",");
	json_t *value = parse_value(parser);
	expect(parser, ")");
	return node(parser, kind, name, value);
}

static struct entra_filter *parse_any(struct parser *parser, const char *name)
{
	expect(parser, "(");
	const char *variable = parse_name(parser);
	expect(parser, ":");
	bool starts = take(parser, "startswith");
	if (starts)
		expect(parser, "(");
	if (!text_equal(variable, parse_name(parser)) && !parser->wrong)
		parser->wrong = "Invalid filter clause: the range variable is not the one declared.";
	expect(parser, starts ? "," : "eq");
	json_t *value = parse_value(parser);
	if (starts)
		expect(parser, ")");
	expect(parser, ")");
	return node(parser, starts ? NODE_ANY_STARTS : NODE_ANY_EQ, name, value);
}

static struct entra_filter *parse_in(struct parser *parser, const char *name)
{
	json_t *values = keep(parser, json_array());
	expect(parser, "(");
	do {
		json_t *value = parse_value(parser);
		if (value)
			json_array_append(values, value);
	} while (!parser->wrong && take(parser, ","));
	expect(parser, ")");
	return node(parser, NODE_IN, name, values);
}

static struct entra_filter *parse_comparison(struct parser *parser)
{
	const char *name = checked_name(parser);
	if (parser->wrong)
		return NULL;
	if (*parser->at == '/') {
		parser->at++;
		if (take(parser, "any"))
			return parse_any(parser, name);
		parser->wrong = "Invalid filter clause: only any() is answered on collections.";
		return NULL;
	}
	if (take(parser, "in"))
		return parse_in(parser, name);
	if (take(parser, "eq"))
		return node(parser, NODE_EQ, name, parse_value(parser));
	if (take(parser, "ne"))
		return negate(parser, node(parser, NODE_EQ, name, parse_value(parser)), "NotEqualsMatch");
	parser->wrong =
	    arena_printf(parser->call->request->arena, "Invalid filter clause: Syntax error near '%.40s'.", parser->at);
	return NULL;
}

static struct entra_filter *parse_unit(struct parser *parser)
{
	struct entra_filter *inner;
	if (parser->wrong || ++parser->depth > 40) {
		if (!parser->wrong)
			parser->wrong = "Invalid filter clause: too deep.";
		return NULL;
	}
	if (take(parser, "not")) {
		inner = negate(parser, parse_unit(parser), "Not");
	} else if (take(parser, "(")) {
		inner = parse_or(parser);
		expect(parser, ")");
	} else if (take(parser, "startswith") || take(parser, "startsWith")) {
		inner = parse_function(parser, NODE_STARTS);
	} else if (take(parser, "endswith") || take(parser, "endsWith")) {
		parser->advanced = "EndsWith";
		inner = parse_function(parser, NODE_ENDS);
	} else {
		inner = parse_comparison(parser);
	}
	parser->depth--;
	return inner;
}

static struct entra_filter *join(struct parser *parser, enum node_kind kind, struct entra_filter *left,
                                 struct entra_filter *right)
{
	struct entra_filter *joined = node(parser, kind, NULL, NULL);
	if (joined) {
		joined->left = left;
		joined->right = right;
	}
	return joined;
}

static struct entra_filter *parse_and(struct parser *parser)
{
	struct entra_filter *left = parse_unit(parser);
	while (!parser->wrong && take(parser, "and"))
		left = join(parser, NODE_AND, left, parse_unit(parser));
	return left;
}

static struct entra_filter *parse_or(struct parser *parser)
{
	struct entra_filter *left = parse_and(parser);
	while (!parser->wrong && take(parser, "or"))
		left = join(parser, NODE_OR, left, parse_and(parser));
	return left;
}

struct entra_filter *entra_filter_read(struct entra_call *call, const char *type, const char *text)
{
	struct parser parser = {.call = call, .type = type, .at = text, .owner = request_keep(call->request, json_array())};
	struct entra_filter *filter = parse_or(&parser);
	skip_space(&parser);
	if (!parser.wrong && *parser.at)
		parser.wrong =
		    arena_printf(call->request->arena, "Invalid filter clause: Syntax error near '%.40s'.", parser.at);
	if (parser.wrong || !filter) {
		entra_fail(call, 400, "BadRequest", "%s", parser.wrong ? parser.wrong : "Invalid filter clause.");
		return NULL;
	}
	if (parser.advanced && !entra_is_advanced(call)) {
		entra_fail(call, 400, "Request_UnsupportedQuery",
		           "Operator '%s' is not supported because the 'ConsistencyLevel:eventual' header is missing. Refer to "
		           "'https://aka.ms/graph-docs/advanced-queries' for more information",
		           parser.advanced);
		return NULL;
	}
	return filter;
}

static bool value_equal(const json_t *a, const json_t *b)
{
	if (json_is_string(a) && json_is_string(b))
		return text_equal_fold(json_string_value(a), json_string_value(b));
	if (!b)
		return !a || json_is_null(a);
	return a && json_equal(a, b);
}

static bool value_starts(const json_t *value, const json_t *prefix)
{
	const char *text = json_string_value(value);
	const char *start = json_string_value(prefix);
	return text && start && strncasecmp(text, start, strlen(start)) == 0;
}

static bool value_ends(const json_t *value, const json_t *suffix)
{
	const char *text = json_string_value(value);
	const char *end = json_string_value(suffix);
	size_t length = text ? strlen(text) : 0;
	return text && end && length >= strlen(end) && strcasecmp(text + length - strlen(end), end) == 0;
}

static bool any_fits(const json_t *list, const struct entra_filter *filter)
{
	size_t index;
	json_t *entry;
	json_array_foreach(list, index, entry) if (filter->kind == NODE_ANY_EQ
	                                               ? value_equal(entry, filter->value)
	                                               : value_starts(entry, filter->value)) return true;
	return false;
}

static bool in_list(const json_t *value, const json_t *list)
{
	size_t index;
	json_t *entry;
	json_array_foreach(list, index, entry) if (value_equal(value, entry)) return true;
	return false;
}

bool entra_filter_fits(const struct entra_filter *filter, const json_t *properties)
{
	if (!filter)
		return true;
	const json_t *value = filter->name ? json_object_get(properties, filter->name) : NULL;
	switch (filter->kind) {
	case NODE_OR:
		return entra_filter_fits(filter->left, properties) || entra_filter_fits(filter->right, properties);
	case NODE_AND:
		return entra_filter_fits(filter->left, properties) && entra_filter_fits(filter->right, properties);
	case NODE_NOT:
		return !entra_filter_fits(filter->left, properties);
	case NODE_EQ:
		return value_equal(value, filter->value);
	case NODE_STARTS:
		return value_starts(value, filter->value);
	case NODE_ENDS:
		return value_ends(value, filter->value);
	case NODE_IN:
		return in_list(value, filter->value);
	case NODE_ANY_EQ:
	case NODE_ANY_STARTS:
		return any_fits(value, filter);
	}
	return false;
}
