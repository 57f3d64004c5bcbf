/* The outbound thread.
 *
 * One thread owns the multi handle. A caller prepares its transfers, puts them on the queue, wakes the thread and
 * waits; the thread moves them into the multi handle, and when one ends takes it out and tells its waiter. Ownership of
 * a transfer moves with it: the caller's before the queue and after the telling, the thread's between. So the only
 * shared state is the queue, under `mutex`, and the waiter's count, under the waiter's own, which lives on the caller's
 * stack.
 *
 * Names are resolved by libcurl's threaded resolver, one short-lived thread for a name that is not in the multi
 * handle's cache (60 seconds): the resolve cache of the design is that one. A resolver that hangs holds up its own
 * transfer until its timeout and nothing else, since CURLOPT_QUICK_EXIT leaves the thread behind instead of joining it.
 */
#include "http/client.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "http/transfer.h"

/* What waits for a connection uses up its own timeout: room for several callers that each ask many things at once. */
#define CONNECTIONS_PER_HOST 256
#define KEPT_CONNECTIONS 64
#define LONGEST_SLEEP_MS (60 * 1000)

struct waiting {
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	size_t left;
};

struct http_client {
	CURLM *multi;
	X509_STORE *trust;
	char *proxy;
	char *user_agent;
	pthread_t thread;
	bool started;

	pthread_mutex_t mutex;
	pthread_cond_t deserted; /* callers became 0 */
	struct transfer *queue_head, *queue_tail;
	size_t callers; /* inside perform: they may still touch the client */
	bool stopping;

	struct transfer *running; /* of the thread alone */
};

static CURLcode global_code;

static void initialise_curl(void)
{
	global_code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_alloc, memory_free, memory_realloc, memory_strdup,
	                                   memory_calloc);
}

/* Called by libcurl for each new TLS context. */
static CURLcode set_trust(CURL *easy, void *context, void *data)
{
	(void)easy;
	struct http_client *client = data;
	SSL_CTX_set1_cert_store(context, client->trust);
	return CURLE_OK;
}

/* The system's anchors, looked up in OpenSSL's certificate directory as they are needed, and those of ca_file. */
static enum result load_trust(struct http_client *client, const char *ca_file, struct error *error)
{
	client->trust = X509_STORE_new();
	if (client->trust == NULL || X509_STORE_set_default_paths(client->trust) != 1)
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory to load trust anchors.");
	X509_STORE_set_flags(client->trust, X509_V_FLAG_PARTIAL_CHAIN); /* an anchor need not be self-signed */
	if (ca_file != NULL && X509_STORE_load_file(client->trust, ca_file) != 1)
		return error_set(error, RESULT_INVALID, NULL, "The file %s holds no certificate that can be read.", ca_file);
	return RESULT_OK;
}

/* Tells the waiter; from here on the transfer is the caller's again, and may be gone. */
static void tell(struct transfer *transfer)
{
	struct waiting *waiting = transfer->waiting;
	pthread_mutex_lock(&waiting->mutex);
	if (--waiting->left == 0)
		pthread_cond_signal(&waiting->ended);
	pthread_mutex_unlock(&waiting->mutex);
}

static void unlink_running(struct http_client *client, struct transfer *transfer)
{
	if (transfer->previous != NULL)
		transfer->previous->next = transfer->next;
	else
		client->running = transfer->next;
	if (transfer->next != NULL)
		transfer->next->previous = transfer->previous;
}

static void start_transfer(struct http_client *client, struct transfer *transfer)
{
	if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK) {
		transfer->code = CURLE_OUT_OF_MEMORY;
		tell(transfer);
		return;
	}
	transfer->previous = NULL;
	transfer->next = client->running;
	if (client->running != NULL)
		client->running->previous = transfer;
	client->running = transfer;
}

static void end_transfer(struct http_client *client, struct transfer *transfer)
{
	curl_multi_remove_handle(client->multi, transfer->easy);
	unlink_running(client, transfer);
	tell(transfer);
}

/* Moves the queue into the multi handle; true if the client is being freed. */
static bool take_queue(struct http_client *client)
{
	pthread_mutex_lock(&client->mutex);
	struct transfer *transfer = client->queue_head;
	client->queue_head = client->queue_tail = NULL;
	bool stopping = client->stopping;
	pthread_mutex_unlock(&client->mutex);
	while (transfer != NULL) {
		struct transfer *next = transfer->next;
		start_transfer(client, transfer);
		transfer = next;
	}
	return stopping;
}

static void take_ended(struct http_client *client)
{
	int left;
	const CURLMsg *message;
	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		char *private = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		struct transfer *transfer = (struct transfer *)(void *)private;
		transfer->code = message->data.result; /* before the removal, which frees the message */
		end_transfer(client, transfer);
	}
}

static void end_all(struct http_client *client, enum http_failure failure, CURLcode code)
{
	while (client->running != NULL) {
		client->running->failure = failure;
		client->running->code = code;
		end_transfer(client, client->running);
	}
}

static void *run(void *data)
{
	struct http_client *client = data;
	while (!take_queue(client)) {
		int running;
		/* An error here is of the multi handle as a whole (no memory): nobody's transfer can be trusted to end. */
		if (curl_multi_perform(client->multi, &running) != CURLM_OK)
			end_all(client, HTTP_FAILURE_OTHER, CURLE_OUT_OF_MEMORY);
		take_ended(client);
		(void)curl_multi_poll(client->multi, NULL, 0, LONGEST_SLEEP_MS, NULL);
	}
	end_all(client, HTTP_FAILURE_CANCELLED, CURLE_OK);
	return NULL;
}

/* Signals are for the main thread; and a SIGPIPE must not reach anybody. */
static bool start_thread(struct http_client *client)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	client->started = pthread_create(&client->thread, NULL, run, client) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (client->started)
		pthread_setname_np(client->thread, "outbound");
	return client->started;
}

static bool configure(struct http_client *client, const struct http_client_options *options)
{
	client->multi = curl_multi_init();
	client->user_agent = memory_strdup(options->user_agent == NULL ? "aiclearance/" AIC_VERSION : options->user_agent);
	if (client->multi == NULL || client->user_agent == NULL)
		return false;
	if (options->proxy != NULL && (client->proxy = memory_strdup(options->proxy)) == NULL)
		return false;
	long per_host = options->max_connections_per_host > 0 ? options->max_connections_per_host : CONNECTIONS_PER_HOST;
	return curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) == CURLM_OK &&
	       curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, per_host) == CURLM_OK &&
	       curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS) == CURLM_OK;
}

enum result http_client_new(const struct http_client_options *options, struct http_client **ret_client,
                            struct error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, initialise_curl);
	struct http_client *client = memory_calloc(1, sizeof(*client));
	if (client == NULL || global_code != CURLE_OK) {
		memory_free(client);
		return error_set(error, RESULT_NO_MEMORY, NULL, "There is not enough memory for outgoing requests.");
	}
	pthread_mutex_init(&client->mutex, NULL);
	pthread_cond_init(&client->deserted, NULL);
	enum result result = load_trust(client, options->ca_file, error);
	if (result == RESULT_OK && (!configure(client, options) || !start_thread(client)))
		result = error_set(error, RESULT_NO_MEMORY, NULL, "The outbound thread could not be started.");
	if (result == RESULT_OK)
		*ret_client = client;
	else
		http_client_free(client);
	return result;
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	if (client->started) {
		pthread_mutex_lock(&client->mutex);
		client->stopping = true;
		curl_multi_wakeup(client->multi);
		pthread_mutex_unlock(&client->mutex);
		pthread_join(client->thread, NULL);
	}
	pthread_mutex_lock(&client->mutex);
	while (client->callers > 0)
		pthread_cond_wait(&client->deserted, &client->mutex);
	pthread_mutex_unlock(&client->mutex);

	curl_multi_cleanup(client->multi);
	X509_STORE_free(client->trust);
	memory_free(client->proxy);
	memory_free(client->user_agent);
	pthread_cond_destroy(&client->deserted);
	pthread_mutex_destroy(&client->mutex);
	memory_free(client);
}

/* Hands a chain of transfers to the thread; false if it takes no more. */
static bool submit(struct http_client *client, struct transfer *first, struct transfer *last)
{
	pthread_mutex_lock(&client->mutex);
	bool accepted = !client->stopping;
	if (accepted) {
		if (client->queue_tail != NULL)
			client->queue_tail->next = first;
		else
			client->queue_head = first;
		client->queue_tail = last;
		curl_multi_wakeup(client->multi);
	}
	pthread_mutex_unlock(&client->mutex);
	return accepted;
}

/* Sends those that could be prepared, and waits until each has ended. */
static void exchange(struct http_client *client, struct transfer *transfers, const enum result *prepared, size_t count)
{
	struct waiting waiting = {.mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
	struct transfer *first = NULL, *last = NULL;
	for (size_t i = 0; i < count; i++) {
		if (prepared[i] != RESULT_OK)
			continue;
		transfers[i].waiting = &waiting;
		if (last == NULL)
			first = &transfers[i];
		else
			last->next = &transfers[i];
		last = &transfers[i];
		waiting.left++;
	}
	if (first == NULL)
		return;
	if (!submit(client, first, last)) {
		for (struct transfer *transfer = first; transfer != NULL; transfer = transfer->next)
			transfer->failure = HTTP_FAILURE_CANCELLED;
		return;
	}
	pthread_mutex_lock(&waiting.mutex);
	while (waiting.left > 0)
		pthread_cond_wait(&waiting.ended, &waiting.mutex);
	pthread_mutex_unlock(&waiting.mutex);
}

static void enter(struct http_client *client)
{
	pthread_mutex_lock(&client->mutex);
	client->callers++;
	pthread_mutex_unlock(&client->mutex);
}

static void leave(struct http_client *client)
{
	pthread_mutex_lock(&client->mutex);
	if (--client->callers == 0)
		pthread_cond_signal(&client->deserted);
	pthread_mutex_unlock(&client->mutex);
}

/* `errors` is NULL or has room for `count`. */
static void perform(struct http_client *client, const struct http_request *requests, struct transfer *transfers,
                    size_t count, struct arena *arena, struct http_response *responses, enum result *results,
                    struct error *errors)
{
	struct transfer_settings settings = {client->proxy, client->user_agent, set_trust, client};
	enter(client);
	for (size_t i = 0; i < count; i++)
		results[i] = transfer_prepare(&transfers[i], &requests[i], &settings, errors == NULL ? NULL : &errors[i]);
	exchange(client, transfers, results, count);
	leave(client);
	for (size_t i = 0; i < count; i++) {
		if (results[i] == RESULT_OK)
			results[i] = transfer_finish(&transfers[i], arena, &responses[i], errors == NULL ? NULL : &errors[i]);
		else
			responses[i] = (struct http_response){.failure = transfers[i].failure};
		transfer_done(&transfers[i]);
	}
}

enum result http_client_perform(struct http_client *client, const struct http_request *request, struct arena *arena,
                                struct http_response *ret_response, struct error *error)
{
	struct transfer transfer = {.request = request};
	enum result result;
	perform(client, request, &transfer, 1, arena, ret_response, &result, error);
	return result;
}

enum result http_client_perform_all(struct http_client *client, const struct http_request *requests, size_t count,
                                    struct arena *arena, struct http_response *ret_responses, enum result *ret_results,
                                    struct error *ret_errors)
{
	_cleanup_(memory_freep) struct transfer *transfers = memory_calloc(count, sizeof(*transfers));
	if (transfers == NULL)
		return RESULT_NO_MEMORY;
	perform(client, requests, transfers, count, arena, ret_responses, ret_results, ret_errors);
	return RESULT_OK;
}
