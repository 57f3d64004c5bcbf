/* bare: links and initialises the libraries that the service stands on, prints its resident memory in KiB, and ends.
 * The baseline for the service's idle memory. */
#include <curl/curl.h>
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result refuse(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
	(void)context, (void)connection, (void)url, (void)method, (void)version, (void)data, (void)size, (void)state;
	return MHD_NO;
}

static long resident_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
			break;
		}
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return kib;
}

int main(void)
{
	curl_global_init(CURL_GLOBAL_ALL);
	CURLM *multi = curl_multi_init();
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_default_verify_paths(tls);
	EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	sqlite3 *database = NULL;
	sqlite3_open(":memory:", &database);
	sqlite3_exec(database, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	json_decref(json_loads("{\"a\":1}", 0, NULL));
	struct MHD_Daemon *daemon =
	    MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
	                     refuse, NULL, MHD_OPTION_THREAD_POOL_SIZE, 4U, MHD_OPTION_END);
	printf("%ld\n", resident_kib());
	MHD_stop_daemon(daemon);
	sqlite3_close(database);
	EVP_MD_free(digest);
	SSL_CTX_free(tls);
	curl_multi_cleanup(multi);
	return 0;
}
