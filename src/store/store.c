/* The store is chosen by the scheme of its URL. */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_ops.h"
#include "store/store.h"

struct scheme {
	const char *prefix;
	enum result (*open)(const struct store_options *options, const char *rest, struct store **ret_store,
	                    struct error *error);
};

static const struct scheme schemes[] = {
    {"sqlite:", sqlite_store_open},
};

enum result store_open(const struct store_options *options, struct store **ret_store, struct error *error)
{
	for (size_t at = 0; at < ARRAY_SIZE(schemes); at++) {
		const char *rest = options->url + strlen(schemes[at].prefix);
		if (!text_starts_with(options->url, schemes[at].prefix))
			continue;
		if (*rest == '\0')
			return error_set(error, RESULT_INVALID, NULL, "The store's URL names no file.");
		return schemes[at].open(options, rest, ret_store, error);
	}
	return error_set(error, RESULT_INVALID, NULL, "The store's URL must begin with sqlite: and a path.");
}
