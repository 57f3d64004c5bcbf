/* Compiler attributes that the whole house uses. */
#ifndef AIC_BASE_MACRO_H
#define AIC_BASE_MACRO_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define NONNULL_RETURN __attribute__((returns_nonnull))

/* `_cleanup_(f) T x = …;` calls f(&x) when x leaves its scope. */
#define _cleanup_(function) __attribute__((cleanup(function)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Hands an owned pointer on: the value, and the variable becomes NULL. */
#define TAKE_PTR(pointer)                                                                                              \
	({                                                                                                                 \
		__typeof__(pointer) taken_ = (pointer);                                                                        \
		(pointer) = NULL;                                                                                              \
		taken_;                                                                                                        \
	})

#endif
