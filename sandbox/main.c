/* aiclearance-sandbox: flags, ports, the ready line, and the end. */
#include <curl/curl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "certificate.h"
#include "control.h"
#include "entra.h"
#include "jira.h"
#include "jira_webhook.h"
#include "web.h"

struct options {
	int64_t entra_port;
	int64_t entra_https_port; /* -1: no HTTPS */
	int64_t jira_port;
	const char *webhook_url;
	const char *webhook_secret_env;
	const char *ca_out;
	const char *ready_file;
};

static const char usage[] =
    "Usage: aiclearance-sandbox [options]\n"
    "\n"
    "An Entra tenant and a Jira site on 127.0.0.1, for demos and tests. State is kept in memory only.\n"
    "\n"
    "  --entra-port N           HTTP port of login and Graph (default 8481; 0 picks one)\n"
    "  --entra-https-port N     HTTPS port of the same (default: none; 0 picks one)\n"
    "  --jira-port N            HTTP port of the Jira site (default 8482; 0 picks one)\n"
    "  --webhook-url URL        where Jira's webhook is sent\n"
    "  --webhook-secret-env NAME  environment variable that holds the webhook's secret\n"
    "  --ca-out PATH            write the certificate authority of the HTTPS port there (PEM)\n"
    "  --ready-file PATH        write one line of JSON there once ready: ports, ids, sandbox credentials\n"
    "  --help, --version\n"
    "\n"
    "Exit: 0 ended by SIGTERM or SIGINT, 1 could not start, 2 usage.\n";

static bool port_read(const char *text, int64_t *ret_port)
{
	if (text_parse_int(text, 0, 65535, ret_port) == RESULT_OK)
		return true;
	fprintf(stderr, "aiclearance-sandbox: '%s' is not a port number\n", text);
	return false;
}

/* -1: go on; else the exit code. */
static int options_read(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {{"entra-port", required_argument, NULL, 'e'},
	                                      {"entra-https-port", required_argument, NULL, 's'},
	                                      {"jira-port", required_argument, NULL, 'j'},
	                                      {"webhook-url", required_argument, NULL, 'w'},
	                                      {"webhook-secret-env", required_argument, NULL, 'k'},
	                                      {"ca-out", required_argument, NULL, 'c'},
	                                      {"ready-file", required_argument, NULL, 'r'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {"version", no_argument, NULL, 'v'},
	                                      {NULL, 0, NULL, 0}};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		bool good = true;
		switch (option) {
		case 'e':
			good = port_read(optarg, &options->entra_port);
			break;
		case 's':
			good = port_read(optarg, &options->entra_https_port);
			break;
		case 'j':
			good = port_read(optarg, &options->jira_port);
			break;
		case 'w':
			options->webhook_url = optarg;
			break;
		case 'k':
			options->webhook_secret_env = optarg;
			break;
		case 'c':
			options->ca_out = optarg;
			break;
		case 'r':
			options->ready_file = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'v':
			puts("aiclearance-sandbox " AIC_VERSION);
			return 0;
		default:
			good = false;
		}
		if (!good)
			return 2;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "aiclearance-sandbox: unexpected argument '%s'\n", argv[optind]);
	return 2;
}

/* Written beside and renamed, so that a reader never sees half of it. */
static bool file_write(const char *path, const char *text)
{
	char beside[4096];
	if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
		return false;
	FILE *file = fopen(beside, "w");
	if (!file)
		return false;
	bool written = fputs(text, file) >= 0;
	written = fclose(file) == 0 && written;
	return written && rename(beside, path) == 0;
}

struct servers {
	struct web *entra;
	struct web *entra_https;
	struct web *jira;
};

static bool servers_start(struct sandbox *sandbox, const struct options *options, const struct certificate *certificate,
                          struct servers *servers)
{
	servers->entra = web_start(sandbox, "entra", entra_handle, (uint16_t)options->entra_port, NULL, NULL);
	servers->jira = web_start(sandbox, "jira", jira_handle, (uint16_t)options->jira_port, NULL, NULL);
	if (options->entra_https_port >= 0)
		servers->entra_https = web_start(sandbox, "entra", entra_handle, (uint16_t)options->entra_https_port,
		                                 certificate->leaf, certificate->key);
	if (!servers->entra || !servers->jira || (options->entra_https_port >= 0 && !servers->entra_https)) {
		fputs("aiclearance-sandbox: a port could not be opened on 127.0.0.1\n", stderr);
		return false;
	}
	pthread_mutex_lock(&sandbox->lock);
	snprintf(sandbox->entra_url, sizeof(sandbox->entra_url), "http://127.0.0.1:%u", web_port(servers->entra));
	snprintf(sandbox->jira_url, sizeof(sandbox->jira_url), "http://127.0.0.1:%u", web_port(servers->jira));
	if (servers->entra_https)
		snprintf(sandbox->entra_https_url, sizeof(sandbox->entra_https_url), "https://localhost:%u",
		         web_port(servers->entra_https));
	pthread_mutex_unlock(&sandbox->lock);
	return true;
}

static void servers_stop(struct sandbox *sandbox, struct servers *servers)
{
	pthread_mutex_lock(&sandbox->lock);
	sandbox->stopping = true;
	pthread_cond_broadcast(&sandbox->wake);
	pthread_mutex_unlock(&sandbox->lock);
	web_stop(servers->entra_https);
	web_stop(servers->entra);
	web_stop(servers->jira);
	webhooks_stop(sandbox);
}

static bool ready_announce(struct sandbox *sandbox, const struct options *options)
{
	pthread_mutex_lock(&sandbox->lock);
	json_t *ready = control_ready(sandbox);
	pthread_mutex_unlock(&sandbox->lock);
	char *text = ready ? json_dumps(ready, JSON_COMPACT) : NULL;
	bool announced = text != NULL;
	json_decref(ready);
	if (text)
		printf("%s\n", text);
	fflush(stdout);
	if (text && options->ready_file)
		announced = file_write(options->ready_file, text);
	free(text);
	if (!announced)
		fputs("aiclearance-sandbox: the ready file could not be written\n", stderr);
	return announced;
}

static void webhook_set(struct sandbox *sandbox, const struct options *options)
{
	const char *secret = options->webhook_secret_env ? getenv(options->webhook_secret_env) : NULL;
	json_t *wanted = json_object();
	if (options->webhook_url)
		json_object_set_new(wanted, "url", json_string(options->webhook_url));
	if (secret)
		json_object_set_new(wanted, "secret", json_string(secret));
	pthread_mutex_lock(&sandbox->lock);
	webhooks_configure(sandbox, wanted);
	pthread_mutex_unlock(&sandbox->lock);
	json_decref(wanted);
}

static int sandbox_run(struct sandbox *sandbox, const struct options *options, const sigset_t *ends)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new(1 << 20);
	struct certificate certificate = {0};
	struct servers servers = {0};
	int code = 1;
	int received;
	if (!arena || certificate_make(arena, &certificate) != RESULT_OK) {
		fputs("aiclearance-sandbox: the certificate could not be made\n", stderr);
		return 1;
	}
	if (options->ca_out && !file_write(options->ca_out, certificate.authority)) {
		fputs("aiclearance-sandbox: the certificate authority could not be written\n", stderr);
		return 1;
	}
	webhook_set(sandbox, options);
	if (servers_start(sandbox, options, &certificate, &servers) && ready_announce(sandbox, options)) {
		sigwait(ends, &received);
		code = 0;
	}
	servers_stop(sandbox, &servers);
	return code;
}

int main(int argc, char **argv)
{
	static struct sandbox sandbox;
	struct options options = {.entra_port = 8481, .entra_https_port = -1, .jira_port = 8482};
	sigset_t ends;
	int code = options_read(argc, argv, &options);
	if (code >= 0)
		return code;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_ALL);
	if (sandbox_start(&sandbox) != RESULT_OK) {
		fputs("aiclearance-sandbox: could not start\n", stderr);
		return 1;
	}
	code = sandbox_run(&sandbox, &options, &ends);
	sandbox_stop(&sandbox);
	curl_global_cleanup();
	return code;
}
