/* The running service: every part that `serve` starts, in the order in which they need each other. */
#ifndef AIC_CLI_SERVICE_H
#define AIC_CLI_SERVICE_H

#include <stdatomic.h>

#include "base/macro.h"
#include "base/result.h"
#include "config/config.h"
#include "connector/connector.h"
#include "http/client.h"
#include "jira/jira.h"
#include "jira/webhook.h"
#include "secrets/credential_opener.h"
#include "secrets/sealed.h"
#include "server/server.h"
#include "store/store.h"
#include "worker/worker.h"

struct service {
	const struct config *config;
	struct master_key *master_key;
	struct store *store;
	struct audit_key *audit_key;
	struct audit_signer signer;
	struct http_client *http;
	struct connector_environment environment;
	struct reference_source jira_token;
	struct reference_source jira_client_secret;
	struct jira *jira;
	struct secret inbound[3]; /* the webhook secrets, then the automation token */
	struct webhook_secret webhook_secrets[2];
	size_t webhook_secret_count;
	struct webhook_secret automation_token;
	_Atomic(struct server *) server;
	_Atomic(struct worker *) worker;
};

/* Starts all of it; on failure one sentence for a person, and whatever was started is for service_stop all the same. */
enum result service_start(struct service *service, const struct config *config, struct error *error) MUST_CHECK;
/* In the reverse order; answers and finishes what is under way. */
void service_stop(struct service *service);

#endif
