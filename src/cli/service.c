/* Starting and stopping.
 *
 * A commit wakes both the server (somebody may wait for that change) and the worker (a job may be due). The store's
 * writer calls that from its own thread, at any time between set_listener and set_listener(NULL): the two pointers are
 * atomic, NULL while there is nobody to wake, and the listener is taken away before either of them is freed. */
#include "cli/service.h"

#include "base/text.h"
#include "cli/audit_key_open.h"
#include "cli/service_config.h"

#define WORKER_THREADS 6

static void wake_worker(void *context)
{
	struct service *service = context;
	struct worker *worker = atomic_load(&service->worker);

	if (worker)
		worker_wake(worker);
}

static void on_commit(void *context)
{
	struct service *service = context;
	struct server *server = atomic_load(&service->server);

	if (server)
		server_wake(server);
	wake_worker(service);
}

static enum result start_store(struct service *service, struct error *error)
{
	struct store_options options = {
	    .url = service->config->store_url, .clock = clock_system(), .exclusive = true, .create = true};
	enum result result = master_key_read(service->config->master_key, &service->master_key, error);

	(void)service_config_blame("[secrets] master_key", result, error);
	if (result == RESULT_OK)
		result = store_open(&options, &service->store, error);
	if (result == RESULT_OK)
		result = audit_key_open(service->store, service->master_key, true, &service->audit_key, error);
	if (result != RESULT_OK)
		return result;
	service->signer.key = service->audit_key;
	service->store->ops->set_audit_signer(service->store, &service->signer);
	return service->store->ops->ready(service->store, error);
}

static enum result start_http(struct service *service, struct error *error)
{
	const struct config *config = service->config;
	struct http_client_options options = {
	    .ca_file = config->ca_file, .proxy = config->proxy, .user_agent = "AI-Clearance/" AIC_VERSION};
	enum result result = http_client_new(&options, &service->http, error);

	service->environment = (struct connector_environment){.http = service->http,
	                                                      .clock = clock_system(),
	                                                      .login_url = config->login_url,
	                                                      .graph_url = config->graph_url,
	                                                      .bindable_groups = config->bindable_groups};
	return result;
}

static enum jira_auth auth_of(const char *name)
{
	if (text_equal(name, "oauth"))
		return JIRA_AUTH_OAUTH;
	return text_equal(name, "bearer") ? JIRA_AUTH_BEARER : JIRA_AUTH_BASIC;
}

static enum result start_jira(struct service *service, struct error *error)
{
	const struct config *config = service->config;
	struct jira_options options = {.http = service->http,
	                               .clock = clock_system(),
	                               .site_url = config->jira_site_url,
	                               .api_url = config->jira_api_url,
	                               .auth = auth_of(config->jira_auth),
	                               .user = config->jira_user,
	                               .client_id = config->jira_client_id,
	                               .token_url = config->jira_token_url};

	if (!config->jira_site_url)
		return RESULT_OK;
	if (config->jira_token) {
		reference_source_init(&service->jira_token, config->jira_token);
		options.token = &service->jira_token.source;
	}
	if (config->jira_client_secret) {
		reference_source_init(&service->jira_client_secret, config->jira_client_secret);
		options.client_secret = &service->jira_client_secret.source;
	}
	return jira_new(&options, &service->jira, error);
}

static enum result read_inbound(struct service *service, const char *reference, size_t place,
                                struct webhook_secret *ret_secret, struct error *error)
{
	enum result result = secret_reference_read(reference, &service->inbound[place], error);

	(void)service_config_blame(place < 2 ? "[jira] webhook_secret" : "[jira] automation_token", result, error);
	if (result == RESULT_OK)
		*ret_secret = (struct webhook_secret){service->inbound[place].bytes, service->inbound[place].length};
	return result;
}

/* These are compared with on every delivery, so they are read once and kept in secret memory. */
static enum result start_inbound(struct service *service, struct error *error)
{
	const struct config *config = service->config;
	enum result result = RESULT_OK;

	for (size_t i = 0; i < 2 && config->webhook_secrets[i] && result == RESULT_OK; i++) {
		result = read_inbound(service, config->webhook_secrets[i], i, &service->webhook_secrets[i], error);
		if (result == RESULT_OK)
			service->webhook_secret_count = i + 1;
	}
	if (result == RESULT_OK && config->automation_token)
		result = read_inbound(service, config->automation_token, 2, &service->automation_token, error);
	return result;
}

static enum result start_server(struct service *service, struct error *error)
{
	const struct config *config = service->config;
	struct server_options options = {
	    .listen = config->listen,
	    .tls_cert = config->tls_cert,
	    .tls_key = config->tls_key,
	    .public_url = config->public_url,
	    .store = service->store,
	    .clock = clock_system(),
	    .environment = &service->environment,
	    .jira = service->jira,
	    .master_key = service->master_key,
	    .allow = {.text = config->allow},
	    .webhook_secrets = service->webhook_secrets,
	    .webhook_secret_count = service->webhook_secret_count,
	    .automation_token = service->automation_token.bytes ? &service->automation_token : NULL,
	    .audit_key = service->audit_key,
	    .wake_worker = wake_worker,
	    .wake_context = service,
	};
	struct server *server = NULL;
	enum result result = server_start(&options, &server, error);

	if (result == RESULT_OK)
		atomic_store(&service->server, server);
	return result;
}

static enum result start_worker(struct service *service, struct error *error)
{
	struct worker_options options = {
	    .store = service->store,
	    .clock = clock_system(),
	    .environment = &service->environment,
	    .jira = service->jira,
	    .master_key = service->master_key,
	    .allow = {.text = service->config->allow},
	    .threads = WORKER_THREADS,
	    .sweep_seconds = service->config->sweep_seconds,
	    .check_seconds = service->config->check_seconds,
	    .inbox_days = service->config->inbox_days,
	};
	struct worker *worker = NULL;
	enum result result = worker_start(&options, &worker, error);

	if (result == RESULT_OK)
		atomic_store(&service->worker, worker);
	return result;
}

enum result service_start(struct service *service, const struct config *config, struct error *error)
{
	static enum result (*const steps[])(struct service * service, struct error * error) = {
	    start_store, start_http, start_jira, start_inbound, start_server, start_worker};

	*service = (struct service){.config = config};
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		enum result result = steps[i](service, error);

		if (result != RESULT_OK)
			return result;
	}
	service->store->ops->set_listener(service->store, on_commit, service);
	/* What was committed between the start of the two and the listener. */
	on_commit(service);
	return RESULT_OK;
}

void service_stop(struct service *service)
{
	if (service->store)
		service->store->ops->set_listener(service->store, NULL, NULL);
	server_stop(atomic_exchange(&service->server, NULL));
	worker_stop(atomic_exchange(&service->worker, NULL));
	jira_free(service->jira);
	http_client_free(service->http);
	if (service->store)
		service->store->ops->close(service->store);
	for (size_t i = 0; i < ARRAY_SIZE(service->inbound); i++)
		secret_done(&service->inbound[i]);
	audit_key_free(service->audit_key);
	master_key_free(service->master_key);
}
