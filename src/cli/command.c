#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/plain_text.h"

enum exit_code command_fail(enum exit_code code, const char *format, ...)
{
	_cleanup_(text_done) struct text plain = TEXT_INIT((size_t)8 * 1024);
	char sentence[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	plain_text_append(&plain, sentence);
	(void)fprintf(stderr, "aiclearance: %s\n", plain.data && !plain.failed ? plain.data : "not enough memory");
	return code;
}
