/* URLs: where a request may go, and how its parts are written. */
#ifndef AIC_HTTP_URL_H
#define AIC_HTTP_URL_H

#include <stdbool.h>

#include "base/macro.h"
#include "base/memory.h"

/* https with a host, or http to 127.0.0.0/8, [::1] or localhost. No user info. */
bool url_is_allowed(const char *url);
/* Same scheme, host (case-insensitive) and port (defaults counted). */
bool url_same_origin(const char *a, const char *b);
/* scheme://host[:port] with no path (a lone "/" is tolerated): what login_url and graph_url may be. */
bool url_is_origin(const char *url);

#endif
