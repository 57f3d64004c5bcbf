/* A PEM file, whole. */
#ifndef AIC_SERVER_PEM_FILE_H
#define AIC_SERVER_PEM_FILE_H

#include "base/macro.h"
#include "base/result.h"

/* At most 1 MiB; the caller frees it with memory_free, which wipes it. */
enum result pem_file_read(const char *path, char **ret_text, struct error *error) MUST_CHECK;

#endif
