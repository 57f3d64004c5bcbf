/* The connector to the sandbox that BENCH_ORIGIN, _TENANT, _CLIENT, _SECRET, _CA name, ready to be called. Ends the
 * program if one is missing. */
#ifndef AIC_BENCHMARKS_BENCH_CONNECTOR_H
#define AIC_BENCHMARKS_BENCH_CONNECTOR_H

#include "connector/connector.h"
#include "secrets/credential_opener.h"

#define BENCH_CONNECTOR_ALLOW "env:BENCH_*"

struct bench_connector {
	struct http_client *http;
	struct connector_settings settings;
	struct connector_environment environment;
	struct credential_opener opener;
	struct connector_target target; /* points into this structure: it does not move */
	const struct connector_ops *ops;
};

void bench_connector_open(struct bench_connector *bench);
void bench_connector_close(struct bench_connector *bench);

#endif
