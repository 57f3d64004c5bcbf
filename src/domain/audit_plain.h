/* The canonical text of a plain event, written down at once (audit_plain.c). */
#ifndef AIC_DOMAIN_AUDIT_PLAIN_H
#define AIC_DOMAIN_AUDIT_PLAIN_H

#include "domain/audit_chain.h"

struct audit_plain {
	char bytes[2048];
	size_t length;
	bool failed; /* it is not plain, or too long */
};

/* False if the event is not plain: its text is then to be made the long way. A text that is given is the one which the
 * long way makes. */
bool audit_plain_write(const struct audit_event *event, struct audit_plain *ret_plain) MUST_CHECK;

#endif
