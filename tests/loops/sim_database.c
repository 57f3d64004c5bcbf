#include "sim_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim_world.h"

static const char *const files[] = {"", "-wal", "-shm", ".lock"};

static void path_of(const char *name, const char *suffix, char ret_path[160])
{
	snprintf(ret_path, 160, "%s/%s%s", world.directory, name, suffix);
}

void database_remove(const char *name)
{
	char path[160];
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		path_of(name, files[i], path);
		(void)unlink(path);
	}
}

void database_copy(const char *from, const char *to)
{
	char path[160], other[160];
	database_remove(to);
	for (size_t i = 0; i < 2; i++) {
		path_of(from, files[i], path);
		path_of(to, files[i], other);
		FILE *in = fopen(path, "r");
		if (in == NULL)
			continue;
		FILE *out = fopen(other, "w");
		static char block[1 << 16];
		for (size_t got; out != NULL && (got = fread(block, 1, sizeof(block), in)) > 0;)
			if (fwrite(block, 1, got, out) != got)
				abort();
		fclose(in);
		if (out == NULL || fclose(out) != 0 || chmod(other, 0600) != 0)
			abort();
	}
}
