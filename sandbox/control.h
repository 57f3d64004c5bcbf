/* /control on every port: what a test changes, and what it looks at. README.md lists it. */
#ifndef AIC_SANDBOX_CONTROL_H
#define AIC_SANDBOX_CONTROL_H

#include "web.h"

web_handler control_handle;
/* Ports, seed ids and sandbox credentials: the ready file's one line. */
json_t *control_ready(const struct sandbox *sandbox);

#endif
