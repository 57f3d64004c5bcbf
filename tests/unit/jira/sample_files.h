/* The sample bodies of tests/data, found from where this file was compiled and where the program stands. */
#ifndef AIC_TESTS_SAMPLE_FILES_H
#define AIC_TESTS_SAMPLE_FILES_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static FILE *sample_open(const char *name)
{
	char path[PATH_MAX];
	char program[PATH_MAX] = "";
	const char *here = __FILE__;
	int folder = (int)(strrchr(here, '/') - here);
	snprintf(path, sizeof(path), "%.*s/../../data/jira-payloads/%s", folder, here, name);
	FILE *file = fopen(path, "re");
	if (file || readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return file;
	/* <build>/tests/unit/<program>: the compiler ran in <build>. */
	for (int i = 0; i < 3 && strrchr(program, '/'); i++)
		*strrchr(program, '/') = '\0';
	if (snprintf(path, sizeof(path), "%s/%.*s/../../data/jira-payloads/%s", program, folder, here, name) < 0)
		return NULL;
	return fopen(path, "re");
}

/* NUL-terminated, to be freed with memory_free; NULL if it is not there. */
static char *sample_read(const char *name, size_t *ret_length)
{
	FILE *file = sample_open(name);
	if (!file)
		return NULL;
	char *bytes = memory_calloc(1, 64 * 1024);
	*ret_length = bytes ? fread(bytes, 1, 64 * 1024 - 1, file) : 0;
	fclose(file);
	return bytes;
}

#endif
