/* What the programs that stand on libcurl alone share: the environment, and the sandbox's token. All end the program if
 * they cannot. */
#ifndef AIC_BENCHMARKS_BARE_TOKEN_H
#define AIC_BENCHMARKS_BARE_TOKEN_H

const char *bare_need(const char *name);
/* The header line "Authorization: Bearer …", asked for with BENCH_ORIGIN, _TENANT, _CLIENT, _SECRET, _CA. */
const char *bare_bearer(void);

#endif
