/* From a connector's stored credential to its secret, at the moment of use. */
#ifndef AIC_SECRETS_CREDENTIAL_OPENER_H
#define AIC_SECRETS_CREDENTIAL_OPENER_H

#include "domain/connector_settings.h"
#include "secrets/reference.h"
#include "secrets/sealed.h"
#include "secrets/secret.h"

struct credential_opener {
	struct secret_source source; /* first: hand out &x.source */
	/* Of a certificate credential: what certRef names, while `source` is what keyRef names. Else its fetch is NULL. */
	struct certificate_source {
		struct secret_source source;
		const struct credential_opener *opener;
	} certificate;
	const struct connector_settings *settings;
	const struct master_key *master_key;
	struct secret_allow_list allow;
};
/* Borrows everything; lives as long as its parts. A fetch fails with code secret_missing (empty),
 * secret_reference_unreadable, secret_reference_not_allowed, or secret_unsealable. */
void credential_opener_init(struct credential_opener *opener, const struct connector_settings *settings,
                            const struct master_key *master_key, struct secret_allow_list allow);
/* &opener->certificate.source, or NULL unless the credential is a certificate. */
const struct secret_source *credential_opener_certificate(const struct credential_opener *opener);

/* The same for a plain reference of the config file. */
struct reference_source {
	struct secret_source source;
	const char *reference;
};
void reference_source_init(struct reference_source *source, const char *reference);

#endif
