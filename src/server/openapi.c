/* OpenAPI 3.1 from the table of routes and its shapes. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "domain/principal.h"
#include "server/route.h"
#include "server/server.h"
#include "server/shapes.h"

struct openapi {
	json_t *paths;
	json_t *schemas;
	bool failed;
};

static void openapi_append(struct openapi *openapi, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		openapi->failed = true;
}

/* The schema goes into the components once, with every shape that it names. */
static void openapi_component(struct openapi *openapi, const struct shape *shape)
{
	if (json_object_get(openapi->schemas, shape->name) != NULL)
		return;
	json_put(openapi->schemas, shape->name, shape_schema(shape), &openapi->failed);
	for (size_t i = 0; i < shape->count && !openapi->failed; i++) {
		if (shape->fields[i].shape != NULL)
			openapi_component(openapi, shape->fields[i].shape);
	}
}

static json_t *openapi_reference(struct openapi *openapi, const struct shape *shape)
{
	char reference[96];
	openapi_component(openapi, shape);
	snprintf(reference, sizeof reference, "#/components/schemas/%s", shape->name);
	json_t *schema = json_object();
	json_put_string(schema, "$ref", reference, &openapi->failed);
	return schema;
}

/* {"content":{<type>:{"schema":…}}} into `holder`, beside the types that it has; schema NULL: any */
static void openapi_content(struct openapi *openapi, json_t *holder, const char *type, json_t *schema)
{
	json_t *media = json_object();
	if (schema != NULL)
		json_put(media, "schema", schema, &openapi->failed);
	if (json_object_get(holder, "content") == NULL)
		json_put(holder, "content", json_object(), &openapi->failed);
	json_put(json_object_get(holder, "content"), type, media, &openapi->failed);
}

static json_t *openapi_list(struct openapi *openapi, const struct shape *item)
{
	json_t *items = json_object();
	json_put_string(items, "type", "array", &openapi->failed);
	json_put(items, "items", openapi_reference(openapi, item), &openapi->failed);
	json_t *properties = json_object();
	json_put(properties, "items", items, &openapi->failed);
	json_put(properties, "nextCursor", json_pack("{s:[s,s]}", "type", "string", "null"), &openapi->failed);
	json_t *schema = json_object();
	json_put_string(schema, "type", "object", &openapi->failed);
	json_put(schema, "properties", properties, &openapi->failed);
	json_put(schema, "required", json_pack("[s,s]", "items", "nextCursor"), &openapi->failed);
	return schema;
}

static void openapi_text(struct openapi *openapi, json_t *holder, const struct route *route)
{
	if (route->media[0] == NULL)
		openapi_content(openapi, holder, "text/plain", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(route->media) && route->media[i] != NULL; i++)
		openapi_content(openapi, holder, route->media[i], NULL);
}

static json_t *openapi_success(struct openapi *openapi, const struct route *route)
{
	json_t *response = json_object();
	json_put_string(response, "description", route->summary, &openapi->failed);
	if (route->answer == ROUTE_NOTHING)
		return response;
	if (route->answer == ROUTE_TEXT)
		openapi_text(openapi, response, route);
	else if (route->answer == ROUTE_LIST)
		openapi_content(openapi, response, "application/json", openapi_list(openapi, route->response));
	else if (route->preview != NULL)
		openapi_content(openapi, response, "application/json",
		                json_pack("{s:[o,o]}", "anyOf", openapi_reference(openapi, route->response),
		                          openapi_reference(openapi, route->preview)));
	else
		openapi_content(openapi, response, "application/json",
		                route->response != NULL ? openapi_reference(openapi, route->response) : NULL);
	return response;
}

static void openapi_problem(struct openapi *openapi, json_t *responses, int status)
{
	char key[8];
	snprintf(key, sizeof key, "%d", status);
	json_t *response = json_object();
	json_put_string(response, "description", "A problem; its code says which", &openapi->failed);
	openapi_content(openapi, response, "application/problem+json", openapi_reference(openapi, &answer_problem));
	json_put(responses, key, response, &openapi->failed);
}

static json_t *openapi_responses(struct openapi *openapi, const struct route *route)
{
	static const int with_token[] = {401, 403};
	static const int with_body[] = {400, 413, 415, 422};
	json_t *responses = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(route->success) && route->success[i] != 0; i++) {
		char key[8];
		snprintf(key, sizeof key, "%d", route->success[i]);
		json_put(responses, key, openapi_success(openapi, route), &openapi->failed);
	}
	for (size_t i = 0; i < ARRAY_SIZE(with_token) && route->roles != 0; i++)
		openapi_problem(openapi, responses, with_token[i]);
	for (size_t i = 0; i < ARRAY_SIZE(with_body) && route->request != NULL && !(route->flags & ROUTE_RAW); i++)
		openapi_problem(openapi, responses, with_body[i]);
	for (size_t i = 0; i < ARRAY_SIZE(route->problems) && route->problems[i] != 0; i++)
		openapi_problem(openapi, responses, route->problems[i]);
	if (!(route->flags & ROUTE_RAW))
		openapi_problem(openapi, responses, 422);
	openapi_problem(openapi, responses, 503);
	return responses;
}

static json_t *openapi_parameter(struct openapi *openapi, const char *name, const char *in, bool required,
                                 json_t *schema)
{
	json_t *parameter = json_object();
	json_put_string(parameter, "name", name, &openapi->failed);
	json_put_string(parameter, "in", in, &openapi->failed);
	json_put(parameter, "required", json_boolean(required), &openapi->failed);
	json_put(parameter, "schema", schema, &openapi->failed);
	return parameter;
}

static void openapi_path_parameters(struct openapi *openapi, json_t *parameters, const char *pattern)
{
	for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at + 1, '{')) {
		char name[64];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1, "}"), at + 1);
		openapi_append(openapi, parameters,
		               openapi_parameter(openapi, name, "path", true, json_pack("{s:s}", "type", "string")));
	}
}

static void openapi_query_parameters(struct openapi *openapi, json_t *parameters, const struct shape *query)
{
	_cleanup_(json_decrefp) json_t *schema = shape_schema(query);
	for (size_t i = 0; i < query->count; i++) {
		const struct shape_field *field = &query->fields[i];
		json_t *one = json_incref(json_object_get(json_object_get(schema, "properties"), field->name));
		openapi_append(openapi, parameters,
		               openapi_parameter(openapi, field->name, "query", field->flags & SHAPE_REQUIRED, one));
	}
}

static json_t *openapi_parameters(struct openapi *openapi, const struct route *route)
{
	json_t *parameters = json_array();
	openapi_path_parameters(openapi, parameters, route->pattern);
	if (route->query != NULL)
		openapi_query_parameters(openapi, parameters, route->query);
	if (route->flags & ROUTE_CREATES)
		openapi_append(openapi, parameters,
		               openapi_parameter(openapi, "Idempotency-Key", "header", false,
		                                 json_pack("{s:s,s:i}", "type", "string", "maxLength", 255)));
	if (route->flags & ROUTE_CONDITIONAL)
		openapi_append(openapi, parameters,
		               openapi_parameter(openapi, "If-Match", "header", false, json_pack("{s:s}", "type", "string")));
	return parameters;
}

static json_t *openapi_roles(struct openapi *openapi, unsigned roles)
{
	static const enum role all[] = {ROLE_ADMIN, ROLE_APPROVER, ROLE_AUDITOR, ROLE_REQUESTER};
	json_t *names = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (roles & all[i])
			openapi_append(openapi, names, json_string(role_name(all[i])));
	}
	return names;
}

static json_t *openapi_operation(struct openapi *openapi, const struct route *route)
{
	json_t *operation = json_object();
	json_put_string(operation, "operationId", route->operation, &openapi->failed);
	json_put_string(operation, "summary", route->summary, &openapi->failed);
	json_put(operation, "parameters", openapi_parameters(openapi, route), &openapi->failed);
	if (route->flags & ROUTE_CSV) {
		json_t *body = json_object();
		json_put(body, "required", json_true(), &openapi->failed);
		openapi_content(openapi, body, "text/csv", json_pack("{s:s}", "type", "string"));
		json_put(operation, "requestBody", body, &openapi->failed);
	}
	if (route->request != NULL) {
		json_t *body = json_object();
		json_put(body, "required", json_boolean(!(route->flags & ROUTE_BODY_OPTIONAL)), &openapi->failed);
		/* A webhook's body is anything that Jira sends; there is no schema to hold it to. */
		json_t *schema = route->request == &shape_webhook ? NULL : openapi_reference(openapi, route->request);
		openapi_content(openapi, body, "application/json", schema);
		json_put(operation, "requestBody", body, &openapi->failed);
	}
	json_put(operation, "responses", openapi_responses(openapi, route), &openapi->failed);
	json_put(operation, "security", route->roles != 0 ? json_pack("[{s:[]}]", "bearer") : json_array(),
	         &openapi->failed);
	if (route->roles != 0)
		json_put(operation, "x-roles", openapi_roles(openapi, route->roles), &openapi->failed);
	return operation;
}

static void openapi_route(struct openapi *openapi, const struct route *route)
{
	char method[8] = {0};
	for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof method; i++)
		method[i] = (char)(route->method[i] | 0x20);
	if (json_object_get(openapi->paths, route->pattern) == NULL)
		json_put(openapi->paths, route->pattern, json_object(), &openapi->failed);
	json_put(json_object_get(openapi->paths, route->pattern), method, openapi_operation(openapi, route),
	         &openapi->failed);
}

static json_t *openapi_document(struct openapi *openapi)
{
	json_t *components = json_object();
	json_put(components, "schemas", openapi->schemas, &openapi->failed);
	json_put(components, "securitySchemes", json_pack("{s:{s:s,s:s}}", "bearer", "type", "http", "scheme", "bearer"),
	         &openapi->failed);
	json_t *document = json_object();
	json_put_string(document, "openapi", "3.1.0", &openapi->failed);
	json_put(document, "info", json_pack("{s:s,s:s}", "title", "AI Clearance", "version", AIC_VERSION),
	         &openapi->failed);
	json_put(document, "servers", json_pack("[{s:s}]", "url", "/"), &openapi->failed);
	json_put(document, "paths", openapi->paths, &openapi->failed);
	json_put(document, "components", components, &openapi->failed);
	return document;
}

char *server_openapi(struct arena *arena)
{
	size_t count;
	const struct route *routes = route_table(&count);
	struct openapi openapi = {.paths = json_object(), .schemas = json_object()};
	for (size_t i = 0; i < count; i++)
		openapi_route(&openapi, &routes[i]);
	_cleanup_(json_decrefp) json_t *document = openapi_document(&openapi);
	return openapi.failed ? NULL : json_write(arena, document);
}
