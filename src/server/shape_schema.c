/* The other reader of the shape tables: JSON Schema for OpenAPI. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "server/shape.h"

static const char *const shape_schema_types[] = {
    [SHAPE_STRING] = "string", [SHAPE_INTEGER] = "integer", [SHAPE_BOOLEAN] = "boolean", [SHAPE_OBJECT] = "object",
    [SHAPE_STRINGS] = "array", [SHAPE_OBJECTS] = "array",   [SHAPE_ANY] = "object",      [SHAPE_INTEGERS] = "array",
};

static void shape_schema_pattern(json_t *schema, enum shape_pattern pattern, bool *failed)
{
	if (pattern == SHAPE_LABEL)
		json_put_string(schema, "pattern", "^[a-z0-9][a-z0-9-]{0,62}$", failed);
	else if (pattern == SHAPE_UUID)
		json_put_string(schema, "format", "uuid", failed);
	else if (pattern == SHAPE_REFERENCE)
		json_put_string(schema, "pattern", "^(env|file|systemd):.+$", failed);
	else if (pattern == SHAPE_INSTANT)
		json_put_string(schema, "format", "date-time", failed);
}

static void shape_schema_limits(json_t *schema, const struct shape_field *field, bool *failed)
{
	static const char *const names[][2] = {
	    [SHAPE_STRING] = {"minLength", "maxLength"},
	    [SHAPE_INTEGER] = {"minimum", "maximum"},
	    [SHAPE_STRINGS] = {"minItems", "maxItems"},
	    [SHAPE_OBJECTS] = {"minItems", "maxItems"},
	};
	if (field->type >= ARRAY_SIZE(names) || names[field->type][0] == NULL || field->max == 0)
		return;
	if (field->min > 0)
		json_put(schema, names[field->type][0], json_integer(field->min), failed);
	json_put(schema, names[field->type][1], json_integer(field->max), failed);
}

static json_t *shape_schema_reference(const struct shape *shape)
{
	char reference[96];
	snprintf(reference, sizeof reference, "#/components/schemas/%s", shape->name);
	bool failed = false;
	json_t *schema = json_object();
	json_put_string(schema, "$ref", reference, &failed);
	return schema;
}

static void shape_schema_enum(json_t *schema, const struct shape_field *field, bool *failed)
{
	json_t *values = json_array();
	for (const char *const *value = field->values; *value != NULL; value++) {
		if (json_array_append_new(values, json_string(*value)) != 0)
			*failed = true;
	}
	if ((field->flags & SHAPE_NULLABLE) && json_array_append_new(values, json_null()) != 0)
		*failed = true;
	json_put(schema, "enum", values, failed);
}

static json_t *shape_schema_or_null(json_t *schema, bool *failed)
{
	json_t *either = json_array();
	json_t *null = json_object();
	json_put_string(null, "type", "null", failed);
	if (json_array_append_new(either, schema) != 0 || json_array_append_new(either, null) != 0)
		*failed = true;
	json_t *outer = json_object();
	json_put(outer, "anyOf", either, failed);
	return outer;
}

static void shape_schema_type(json_t *schema, const struct shape_field *field, bool *failed)
{
	const char *type = shape_schema_types[field->type];
	if (!(field->flags & SHAPE_NULLABLE)) {
		json_put_string(schema, "type", type, failed);
		return;
	}
	json_t *types = json_array();
	if (json_array_append_new(types, json_string(type)) != 0 || json_array_append_new(types, json_string("null")) != 0)
		*failed = true;
	json_put(schema, "type", types, failed);
}

static void shape_schema_integers(json_t *schema, json_t *item, const struct shape_field *field, bool *failed)
{
	json_put_string(item, "type", "integer", failed);
	if (field->max > 0) {
		json_put(item, "minimum", json_integer(field->min), failed);
		json_put(item, "maximum", json_integer(field->max), failed);
	}
	json_put(schema, "items", item, failed);
	json_put(schema, "uniqueItems", json_true(), failed);
	if (field->most > 0)
		json_put(schema, "maxItems", json_integer(field->most), failed);
}

static void shape_schema_items(json_t *schema, const struct shape_field *field, bool *failed)
{
	if (field->type == SHAPE_OBJECTS) {
		json_put(schema, "items", shape_schema_reference(field->shape), failed);
		return;
	}
	json_t *item = json_object();
	if (field->type == SHAPE_INTEGERS) {
		shape_schema_integers(schema, item, field, failed);
		return;
	}
	json_put_string(item, "type", "string", failed);
	shape_schema_pattern(item, field->pattern, failed);
	json_put(schema, "items", item, failed);
}

static void shape_schema_marks(json_t *schema, const struct shape_field *field, bool *failed)
{
	if (field->flags & SHAPE_READ_ONLY)
		json_put(schema, "readOnly", json_true(), failed);
	if (field->flags & SHAPE_SECRET)
		json_put(schema, "writeOnly", json_true(), failed);
	if (field->about != NULL)
		json_put_string(schema, "description", field->about, failed);
}

static json_t *shape_schema_field(const struct shape_field *field, bool *failed)
{
	if (field->type == SHAPE_OBJECT) {
		json_t *reference = shape_schema_reference(field->shape);
		json_t *schema = field->flags & SHAPE_NULLABLE ? shape_schema_or_null(reference, failed) : reference;
		shape_schema_marks(schema, field, failed);
		return schema;
	}
	json_t *schema = json_object();
	shape_schema_type(schema, field, failed);
	shape_schema_limits(schema, field, failed);
	if (field->type == SHAPE_STRINGS || field->type == SHAPE_OBJECTS)
		shape_schema_items(schema, field, failed);
	else if (field->values != NULL)
		shape_schema_enum(schema, field, failed);
	else
		shape_schema_pattern(schema, field->pattern, failed);
	shape_schema_marks(schema, field, failed);
	return schema;
}

json_t *shape_schema(const struct shape *shape)
{
	bool failed = false;
	json_t *schema = json_object();
	json_t *properties = json_object();
	json_t *required = json_array();
	for (size_t i = 0; i < shape->count; i++) {
		const struct shape_field *field = &shape->fields[i];
		json_put(properties, field->name, shape_schema_field(field, &failed), &failed);
		if ((field->flags & SHAPE_REQUIRED) && json_array_append_new(required, json_string(field->name)) != 0)
			failed = true;
	}
	json_put_string(schema, "type", "object", &failed);
	json_put(schema, "properties", properties, &failed);
	if (json_array_size(required) > 0)
		json_put(schema, "required", required, &failed);
	else
		json_decref(required);
	json_put(schema, "additionalProperties", json_false(), &failed);
	if (failed) {
		json_decref(schema);
		return NULL;
	}
	return schema;
}
