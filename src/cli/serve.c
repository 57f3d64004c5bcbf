/* serve: the service, until somebody asks it to stop. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/service.h"
#include "cli/service_config.h"
#include "cli/service_notify.h"

static const struct option_row options[] = {{"--config", "FILE", "the config file", true}};

static void leave_at_once(int number)
{
	(void)number;
	_exit(EXIT_DID_NOT_HOLD);
}

/* Before the first thread: all of them inherit the mask, so the two signals reach sigwait and nothing else. */
static void hold_signals(sigset_t *ret_signals)
{
	(void)sigemptyset(ret_signals);
	(void)sigaddset(ret_signals, SIGTERM);
	(void)sigaddset(ret_signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
}

/* From the first signal on, a second one ends the process on the spot: everything durable is durable already. */
static void release_signals(const sigset_t *signals)
{
	struct sigaction action = {.sa_handler = leave_at_once};

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static void log_unbuilt(const struct config *config, struct arena *arena)
{
	const char *const *names = config_unbuilt(config, arena);

	for (; names && *names; names++)
		log_warning("config.not_built_yet", "key", *names);
}

/* With port 0 the one that was picked. */
static void announce(const struct service *service)
{
	const char *listen = service->config->listen;
	const char *colon = strrchr(listen, ':');
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", server_port(atomic_load(&service->server)));
	if (text_starts_with(listen, "unix:"))
		(void)printf("AI Clearance listens on %s\n", listen);
	else
		(void)printf("AI Clearance listens on %s://%.*s:%s\n", service->config->tls_cert ? "https" : "http",
		             (int)(colon ? colon - listen : 0), listen, port);
	(void)fflush(stdout);
	log_info("service.started", "version", AIC_VERSION, "listen", listen, "port", port);
	service_notify("READY=1");
}

static enum exit_code serve(const struct config *config, struct arena *arena)
{
	struct service service;
	struct error error = {0};
	sigset_t signals;
	int number = 0;

	hold_signals(&signals);
	log_unbuilt(config, arena);
	if (service_start(&service, config, &error) != RESULT_OK) {
		release_signals(&signals);
		service_stop(&service);
		return command_fail(EXIT_DID_NOT_HOLD, "%s",
		                    error.detail[0] ? error.detail : "The service could not be started: not enough memory.");
	}
	announce(&service);
	(void)sigwait(&signals, &number);
	release_signals(&signals);
	service_notify("STOPPING=1");
	log_info("service.stopping", "signal", number == SIGINT ? "SIGINT" : "SIGTERM");
	service_stop(&service);
	log_info("service.stopped");
	return EXIT_HELD;
}

enum exit_code command_serve(int argc, char **argv)
{
	_cleanup_(arena_freep) struct arena *arena = arena_new((size_t)4 * 1024 * 1024);
	struct arguments arguments;
	struct config config;
	struct error error = {0};
	enum log_level level = LOG_LEVEL_INFO;
	enum exit_code code;

	if (!arena)
		return command_fail(EXIT_DID_NOT_HOLD, "Not enough memory.");
	if (arguments_parse(options, ARRAY_SIZE(options), 0, argc, argv, &arguments, &error) != RESULT_OK)
		return command_fail(EXIT_USAGE, "%s", error.detail);
	if (arguments.help) {
		(void)printf("usage: aiclearance serve --config FILE\n\nThe service. SIGTERM and SIGINT stop it in order, a "
		             "second one at "
		             "once.\nIts log is JSON, a line each, on standard error.\n\n");
		arguments_print_options(options, ARRAY_SIZE(options));
		return EXIT_HELD;
	}
	secret_forbid_dumps();
	(void)umask(077);
	code = service_config_read(arguments_get(&arguments, "--config"), arena, &config);
	if (code != EXIT_HELD)
		return code;
	if (log_parse_level(config.log_level, &level) == RESULT_OK)
		log_set_level(level);
	return serve(&config, arena);
}
