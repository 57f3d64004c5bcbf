#include "domain/connector_settings.h"

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
