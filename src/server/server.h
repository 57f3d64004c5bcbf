/* The HTTP server: libmicrohttpd's pool reads requests; handlers run on threads of ours, so that none of its threads
 * ever blocks. Joins store, connectors and Jira; never includes worker/. */
#ifndef AIC_SERVER_SERVER_H
#define AIC_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/result.h"
#include "connector/connector.h"
#include "jira/jira.h"
#include "jira/webhook.h"
#include "secrets/reference.h"
#include "secrets/sealed.h"
#include "store/store.h"

struct server_options {
	const char *listen;             /* "127.0.0.1:8480", "[::1]:8480", "unix:/path"; port 0 picks one */
	const char *tls_cert, *tls_key; /* paths to PEM files; NULL */
	const char *public_url;
	struct store *store;
	const struct clock *clock;
	const struct connector_environment *environment;
	struct jira *jira; /* NULL */
	const struct master_key *master_key;
	struct secret_allow_list allow;
	const struct webhook_secret *webhook_secrets;
	size_t webhook_secret_count;
	const struct webhook_secret *automation_token; /* NULL: the route answers 401 */
	const struct audit_key *audit_key;             /* for /audit/public-key */
	void (*wake_worker)(void *context);
	void *wake_context;
};

struct server;
enum result server_start(const struct server_options *options, struct server **ret_server, struct error *error)
    MUST_CHECK;
int server_port(const struct server *server);
/* A commit happened: look again at requests that wait for a change. From any thread; cheap. */
void server_wake(struct server *server);
void server_stop(struct server *server); /* answers what is under way, then frees; accepts NULL */

/* The OpenAPI document, from the table of routes: for tests and documentation without a running service. */
char *server_openapi(struct arena *arena) MUST_CHECK;

#endif
