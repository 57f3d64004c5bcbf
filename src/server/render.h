/* Objects of the contract, from values of the domain. Every member is always there. Each returns NULL on failure; the
 * caller owns the value. */
#ifndef AIC_SERVER_RENDER_H
#define AIC_SERVER_RENDER_H

#include <jansson.h>
#include <stddef.h>

#include "base/macro.h"
#include "connector/connector.h"
#include "domain/access_request.h"
#include "domain/audit_chain.h"
#include "domain/catalog.h"
#include "domain/connector_settings.h"
#include "domain/finding.h"
#include "domain/grant.h"
#include "domain/identity_match.h"
#include "domain/intake_settings.h"
#include "domain/job.h"
#include "domain/principal.h"
#include "store/store.h"

json_t *render_principal(const struct principal *principal) MUST_CHECK;
/* `now_ms` tells whether it is stale: used by nothing for 30 days. */
json_t *render_connector(const struct connector_settings *connector, int64_t now_ms) MUST_CHECK;
json_t *render_group_candidate(const struct connector_group_check *group) MUST_CHECK;
json_t *render_tool(const struct tool *tool) MUST_CHECK;
json_t *render_mapping(const struct identity_mapping *mapping) MUST_CHECK;
json_t *render_identity(const struct identity_match *match) MUST_CHECK;
json_t *render_intake(const struct intake_settings *settings) MUST_CHECK;
json_t *render_request(const struct access_request *request) MUST_CHECK;
json_t *render_grant(const struct grant *grant, const struct grant_history *history, size_t count) MUST_CHECK;
json_t *render_finding(const struct finding *finding) MUST_CHECK;
json_t *render_group_watch(const struct group_watch *watch) MUST_CHECK;
json_t *render_job(const struct job *job) MUST_CHECK;
json_t *render_stop_item(const struct stop_item *item) MUST_CHECK;
/* `items` is taken; cursor NULL: the last page. */
json_t *render_stop_preview(const struct stop_preview *preview, json_t *items, const char *cursor) MUST_CHECK;
/* `stop` NULL: there was none. */
json_t *render_person(const char *account_id, const struct stop_preview *open, const struct stop *stop) MUST_CHECK;
/* The member "stop" of a tool or a person. */
void render_stop(json_t *object, const struct stop *stop, bool *failed);
json_t *render_inbox_event(const struct inbox_event *event) MUST_CHECK;

#endif
