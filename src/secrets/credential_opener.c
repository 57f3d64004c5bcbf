#include "secrets/credential_opener.h"

#include <stdio.h>

#include "base/text.h"

/* What a secret was sealed for: the name that the API's writer of connectors uses as well. */
static enum result open_sealed(const struct credential_opener *opener, struct secret *ret_secret, struct error *error)
{
	const struct connector_settings *settings = opener->settings;
	_cleanup_(secret_done) struct secret plain = {0};
	char bound_to[128];

	(void)snprintf(bound_to, sizeof(bound_to), "connector:%s", settings->connector_id);

	enum result result = sealed_open(opener->master_key, bound_to, settings->credential.sealed,
	                                 settings->credential.sealed_length, &plain, error);

	if (result != RESULT_OK)
		return result;
	if (plain.length == 0)
		return error_set(error, RESULT_INVALID, "secret_missing", "The connector's secret is empty.");
	*ret_secret = plain;
	plain = (struct secret){0};
	return RESULT_OK;
}

static enum result fetch_credential(const struct secret_source *source, struct secret *ret_secret, struct error *error)
{
	const struct credential_opener *opener = (const struct credential_opener *)source;
	const struct credential *credential = &opener->settings->credential;

	if (credential->source == CREDENTIAL_SEALED && credential->sealed && credential->sealed_length > 0)
		return open_sealed(opener, ret_secret, error);
	if (credential->source == CREDENTIAL_REFERENCE && !text_is_empty(credential->reference))
		return secret_reference_read_allowed(credential->reference, &opener->allow, ret_secret, error);
	return error_set(error, RESULT_INVALID, "secret_missing", "The connector has no secret.");
}

static enum result fetch_certificate(const struct secret_source *source, struct secret *ret_secret, struct error *error)
{
	const struct credential_opener *opener = ((const struct certificate_source *)source)->opener;
	const struct credential *credential = &opener->settings->credential;

	if (text_is_empty(credential->certificate_reference))
		return error_set(error, RESULT_INVALID, "secret_missing", "The connector has no certificate.");
	return secret_reference_read_allowed(credential->certificate_reference, &opener->allow, ret_secret, error);
}

const struct secret_source *credential_opener_certificate(const struct credential_opener *opener)
{
	return opener->certificate.source.fetch ? &opener->certificate.source : NULL;
}

void credential_opener_init(struct credential_opener *opener, const struct connector_settings *settings,
                            const struct master_key *master_key, struct secret_allow_list allow)
{
	*opener = (struct credential_opener){
	    .source = {.fetch = fetch_credential},
	    .settings = settings,
	    .master_key = master_key,
	    .allow = allow,
	};
	if (settings->credential.kind == CREDENTIAL_CERTIFICATE)
		opener->certificate = (struct certificate_source){.source = {.fetch = fetch_certificate}, .opener = opener};
}

static enum result fetch_reference(const struct secret_source *source, struct secret *ret_secret, struct error *error)
{
	return secret_reference_read(((const struct reference_source *)source)->reference, ret_secret, error);
}

void reference_source_init(struct reference_source *source, const char *reference)
{
	*source = (struct reference_source){.source = {.fetch = fetch_reference}, .reference = reference};
}
