#include "jira/adf.h"

#include <string.h>

#define ADF_DEPTH_MAX 64

static bool is_block(const char *type)
{
	static const char *const inline_types[] = {"text", "mention", "emoji", "date", "status", "inlineCard"};
	for (size_t i = 0; type && i < ARRAY_SIZE(inline_types); i++) {
		if (text_equal(type, inline_types[i]))
			return false;
	}
	return true;
}

static void append_within(struct text *text, const char *string)
{
	if (string && text->length + strlen(string) + 1 < text->ceiling)
		text_append(text, string);
}

static void node_append(struct text *text, const json_t *node, int depth)
{
	if (depth > ADF_DEPTH_MAX || !json_is_object(node))
		return;
	const char *type = json_string_at(node, "type");
	append_within(text, json_string_at(node, "text"));
	if (text_equal(type, "mention") || text_equal(type, "status"))
		append_within(text, json_string_at(node, "attrs.text"));
	if (text_equal(type, "hardBreak")) {
		append_within(text, "\n");
		return;
	}
	const json_t *content = json_object_get(node, "content");
	size_t index;
	json_t *child;
	json_array_foreach(content, index, child)
	{
		node_append(text, child, depth + 1);
	}
	if (is_block(type) && !text_equal(type, "doc"))
		append_within(text, "\n");
}

void adf_text_append(struct text *text, const json_t *node)
{
	node_append(text, node, 0);
}

static json_t *paragraph_new(const char *line, size_t length)
{
	if (length == 0)
		return json_pack("{s:s, s:[]}", "type", "paragraph", "content");
	return json_pack("{s:s, s:[{s:s, s:s%}]}", "type", "paragraph", "content", "type", "text", "text", line, length);
}

json_t *adf_document_new(const char *lines)
{
	_cleanup_(json_decrefp) json_t *content = json_array();
	bool failed = !content;
	while (!failed) {
		size_t length = strcspn(lines, "\n");
		failed = json_array_append_new(content, paragraph_new(lines, length)) != 0;
		if (lines[length] == '\0')
			break;
		lines += length + 1;
	}
	if (failed)
		return NULL;
	return json_pack("{s:i, s:s, s:O}", "version", 1, "type", "doc", "content", content);
}
