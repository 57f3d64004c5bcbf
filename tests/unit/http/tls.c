#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <signal.h>

#include "http/client.h"
#include "raw_server.h"

static struct raw_server server;
static SSL_CTX *context;
static char anchor_file[] = "/tmp/aic-anchor-XXXXXX";
static struct arena *arena;
static struct error error;

static X509 *make_certificate(EVP_PKEY *key, const char *names)
{
	X509 *certificate = X509_new();
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test anchor", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return X509_sign(certificate, key, EVP_sha256()) > 0 ? certificate : NULL;
}

static int start(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* of the server's side */
	arena = arena_new(1 << 20);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, "IP:127.0.0.1");
	context = SSL_CTX_new(TLS_server_method());
	if (certificate == NULL || SSL_CTX_use_certificate(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(context, key) != 1)
		return -1;
	FILE *file = fdopen(mkstemp(anchor_file), "w");
	PEM_write_X509(file, certificate);
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return raw_server_start(&server, context) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	raw_server_stop(&server);
	SSL_CTX_free(context);
	unlink(anchor_file);
	arena_freep(&arena);
	return 0;
}

/* Sends a GET with the extra anchor given. */
static enum result get(const char *ca_file, const char *host, const char *path, struct http_response *ret_response)
{
	const struct http_client_options options = {.ca_file = ca_file};
	struct http_client *client;
	assert_int_equal(http_client_new(&options, &client, &error), RESULT_OK);
	struct http_request request = {.method = "GET", .timeout_ms = 20000, .max_response_bytes = 10000};
	request.url = arena_printf(arena, "https://%s:%d%s", host, server.port, path);
	enum result result = http_client_perform(client, &request, arena, ret_response, &error);
	http_client_free(client);
	return result;
}

static void a_certificate_of_nobody_we_trust_is_refused_before_anything_is_sent(void **state)
{
	(void)state;
	struct http_response response;
	int requests = server.requests;
	assert_int_equal(get(NULL, "127.0.0.1", "/echo", &response), RESULT_DENIED);
	assert_int_equal(response.failure, HTTP_FAILURE_TLS);
	assert_false(response.maybe_sent);
	assert_false(error.retryable);
	assert_non_null(strstr(error.detail, "certificate"));
	assert_int_equal(server.requests, requests);
}

static void an_extra_anchor_is_trusted(void **state)
{
	(void)state;
	struct http_response response;
	assert_int_equal(get(anchor_file, "127.0.0.1", "/echo", &response), RESULT_OK);
	assert_int_equal(response.status, 200);
	assert_non_null(strstr(response.body, "User-Agent: aiclearance/"));
}

static void a_trusted_certificate_of_another_host_is_refused(void **state)
{
	(void)state;
	struct http_response response;
	assert_int_equal(get(anchor_file, "localhost", "/echo", &response), RESULT_DENIED);
	assert_int_equal(response.failure, HTTP_FAILURE_TLS);
	assert_false(response.maybe_sent);
}

static void a_reset_after_the_handshake_is_not_a_matter_of_trust(void **state)
{
	(void)state;
	struct http_response response;
	assert_int_equal(get(anchor_file, "127.0.0.1", "/reset", &response), RESULT_UNAVAILABLE);
	assert_int_equal(response.failure, HTTP_FAILURE_RESET);
	assert_true(response.maybe_sent);
}

/* Takes one connection and closes it in the middle of the handshake. */
static void *hang_up(void *data)
{
	int socket = accept(*(int *)data, NULL, NULL);
	char hello[64];
	(void)!read(socket, hello, sizeof(hello));
	close(socket); /* with unread bytes: a reset */
	return NULL;
}

static void a_handshake_that_is_cut_may_be_tried_again(void **state)
{
	(void)state;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, hang_up, &listener), 0);

	int port = server.port;
	struct http_response response;
	server.port = ntohs(address.sin_port);
	enum result result = get(anchor_file, "127.0.0.1", "/", &response);
	server.port = port;
	pthread_join(thread, NULL);
	close(listener);
	assert_int_equal(result, RESULT_UNAVAILABLE);
	assert_int_equal(response.failure, HTTP_FAILURE_RESET);
	assert_false(response.maybe_sent);
	assert_true(error.retryable);
}

static void a_ca_file_without_certificates_is_refused_at_the_start(void **state)
{
	(void)state;
	struct http_client *client = NULL;
	const struct http_client_options missing = {.ca_file = "/nonexistent/ca.pem"}, empty = {.ca_file = "/dev/null"};
	assert_int_equal(http_client_new(&missing, &client, &error), RESULT_INVALID);
	assert_non_null(strstr(error.detail, "/nonexistent/ca.pem"));
	assert_int_equal(http_client_new(&empty, &client, &error), RESULT_INVALID);
	assert_null(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_certificate_of_nobody_we_trust_is_refused_before_anything_is_sent),
	    cmocka_unit_test(an_extra_anchor_is_trusted),
	    cmocka_unit_test(a_trusted_certificate_of_another_host_is_refused),
	    cmocka_unit_test(a_reset_after_the_handshake_is_not_a_matter_of_trust),
	    cmocka_unit_test(a_handshake_that_is_cut_may_be_tried_again),
	    cmocka_unit_test(a_ca_file_without_certificates_is_refused_at_the_start),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
