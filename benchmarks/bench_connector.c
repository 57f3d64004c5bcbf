#include "bench_connector.h"

#include <stdio.h>
#include <stdlib.h>

#include "bare_token.h"

void bench_connector_open(struct bench_connector *bench)
{
	const struct http_client_options options = {.ca_file = bare_need("BENCH_CA")};
	*bench = (struct bench_connector){.ops = connector_registry_find("entra")};
	if (bench->ops == NULL || http_client_new(&options, &bench->http, NULL) != RESULT_OK) {
		fprintf(stderr, "no HTTP client\n");
		exit(1);
	}
	(void)bare_need("BENCH_SECRET");
	bench->settings = (struct connector_settings){
	    .connector_id = "bench",
	    .type = "entra",
	    .name = "Bench",
	    .description = "",
	    .group_mode = "bind",
	    .enabled = true,
	    .tenant_id = bare_need("BENCH_TENANT"),
	    .client_id = bare_need("BENCH_CLIENT"),
	    .cloud = "global",
	    .credential = {.kind = CREDENTIAL_CLIENT_SECRET,
	                   .source = CREDENTIAL_REFERENCE,
	                   .reference = "env:BENCH_SECRET",
	                   .version = 1},
	};
	bench->environment = (struct connector_environment){.http = bench->http,
	                                                    .clock = clock_system(),
	                                                    .login_url = bare_need("BENCH_ORIGIN"),
	                                                    .graph_url = bare_need("BENCH_ORIGIN"),
	                                                    .bindable_groups = "any"};
	credential_opener_init(&bench->opener, &bench->settings, NULL,
	                       (struct secret_allow_list){.text = BENCH_CONNECTOR_ALLOW});
	bench->target = (struct connector_target){.settings = &bench->settings, .secret = &bench->opener.source};
}

void bench_connector_close(struct bench_connector *bench)
{
	bench->ops->forget(bench->settings.connector_id);
	http_client_free(bench->http);
}
