#include "domain/connector_settings.h"

#include "base/text.h"

const char *credential_kind_name(enum credential_kind kind)
{
	switch (kind) {
	case CREDENTIAL_CLIENT_SECRET:
		return "clientSecret";
	case CREDENTIAL_CERTIFICATE:
		return "certificate";
	case CREDENTIAL_FEDERATED:
		return "federated";
	}
	return "";
}

const char *credential_source_name(enum credential_source source)
{
	return source == CREDENTIAL_SEALED ? "sealed" : "reference";
}

bool connector_leaves_tenant(const struct connector_settings *present, const char *tenant_id, const char *cloud)
{
	return present->tenant_is_fixed &&
	       (!text_equal(present->tenant_id, tenant_id) || !text_equal(present->cloud, cloud));
}
