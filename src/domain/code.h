/* The table of codes: every stable string of CONTRACT section 3 "Codes" (and those that we add), its one sentence, and
 * its remedy. Tables are truth: docs/codes.md is generated from it, and a test compares the two. */
#ifndef AIC_DOMAIN_CODE_H
#define AIC_DOMAIN_CODE_H

#include <stddef.h>

struct code {
	const char *code;    /* "secret_invalid" */
	const char *area;    /* "credential", "token", "reach", "permissions", "read", "groups", "credential-expiry",
	                        "identity", "request", "work", "inbox", "jira", "api", "store" */
	const char *title;   /* short: problem+json's title, a heading in the documentation */
	const char *summary; /* one sentence: what it means */
	const char *remedy;  /* what to do, in Entra's or Jira's own words; NULL only where nothing is wrong */
};

/* NULL for an unknown one. */
const struct code *code_find(const char *code);
/* All of them, in the order of the contract. */
const struct code *code_all(size_t *ret_count);

#endif
