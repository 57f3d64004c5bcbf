/* RFC 9457 problem bodies from the table of codes. */
#ifndef AIC_SERVER_PROBLEM_H
#define AIC_SERVER_PROBLEM_H

#include <jansson.h>

#include "base/macro.h"
#include "base/result.h"
#include "server/shape.h"

/* {type,title,status,detail,code,errors?}. `detail` NULL: the code's own sentence and remedy. The caller owns it; NULL
 * on failure. */
json_t *problem_new(int status, const char *code, const char *detail, const struct shape_faults *faults) MUST_CHECK;
/* The status and code for a failed operation of the store or of a handler. */
int problem_status(enum result result, const struct error *error, const char **ret_code);

/* What is sent when there is no memory left to render anything. */
#define PROBLEM_LAST_RESORT                                                                                            \
	"{\"type\":\"urn:aiclearance:problem:unavailable\",\"title\":\"Not available now\",\"status\":503,"                \
	"\"detail\":\"The service cannot answer now; try again later.\",\"code\":\"unavailable\"}"

#endif
