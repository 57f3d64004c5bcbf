/* Read before each file by clang-tidy alone. It looks at one file at a time and so cannot know two things that the
 * house's code leans on: error_set() gives back the result that it is given, and what text_is_empty() calls not empty
 * is not NULL. */
#include <stdbool.h>

#include "base/result.h"
#include "base/text.h"

#define error_set(error, given, ...)                                                                                   \
	({                                                                                                                 \
		enum result error_set_given_ = (given);                                                                        \
		(void)(error_set)((error), error_set_given_, __VA_ARGS__);                                                     \
		error_set_given_;                                                                                              \
	})

static inline __attribute__((unused)) bool tidy_text_is_empty(const char *string)
{
	return string == NULL || *string == '\0';
}
#define text_is_empty tidy_text_is_empty
