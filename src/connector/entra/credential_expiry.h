/* When the client secret ends, as the app's registration says. Pure. */
#ifndef AIC_CONNECTOR_ENTRA_CREDENTIAL_EXPIRY_H
#define AIC_CONNECTOR_ENTRA_CREDENTIAL_EXPIRY_H

#include <jansson.h>
#include <stdint.h>

/* The end of the password credential with that hint (Entra shows the first three characters of each): of several that
 * still hold, the one that ends first; else of several that ended, the last. 0 if none has the hint. */
int64_t credential_expiry_find(const json_t *application, const char *hint, int64_t now_ms);

/* credential_valid, credential_expiring, credential_expired, credential_expiry_unknown (0). */
const char *credential_expiry_code(int64_t expires_at_ms, int64_t now_ms);

#endif
