/* A certificate authority of the sandbox's own, made at every start, and the leaf that its HTTPS port shows. */
#ifndef AIC_SANDBOX_CERTIFICATE_H
#define AIC_SANDBOX_CERTIFICATE_H

#include "base/memory.h"
#include "base/result.h"

struct certificate {
	const char *authority; /* PEM; what a client has to trust */
	const char *leaf;      /* PEM, leaf then authority */
	const char *key;       /* PEM */
};

enum result certificate_make(struct arena *arena, struct certificate *ret_certificate) MUST_CHECK;

#endif
