/* The Entra connector behind the seam. */
#ifndef AIC_CONNECTOR_ENTRA_ENTRA_H
#define AIC_CONNECTOR_ENTRA_ENTRA_H

#include "connector/connector.h"

extern const struct connector_ops entra_ops;

/* "" | tenant_malformed | client_malformed */
const char *entra_check_shape(const struct connector_settings *settings);

#endif
