#include "base/text.h"
#include "connector/connector.h"
#include "connector/entra/entra.h"

static const struct connector_ops *const registered[] = {&entra_ops};

const struct connector_ops *connector_registry_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(registered); i++)
		if (text_equal(registered[i]->type, type))
			return registered[i];
	return NULL;
}
