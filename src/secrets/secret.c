#include "secrets/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"

/* A secret never shares a page with anything else: what locks, hides and wipes it works on whole pages. */
static size_t pages_for(size_t length)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (length + 1 + page - 1) / page * page;
}

enum result secret_new(const void *bytes, size_t length, struct secret *ret_secret)
{
	if (length > SIZE_MAX / 4)
		return RESULT_NO_MEMORY;

	size_t mapped = pages_for(length);
	char *block = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return RESULT_NO_MEMORY;
	/* Best effort, each of them: a small RLIMIT_MEMLOCK must not keep the service from working. */
	(void)mlock(block, mapped);
	(void)madvise(block, mapped, MADV_DONTDUMP);
	(void)madvise(block, mapped, MADV_WIPEONFORK);
	if (bytes && length > 0)
		memcpy(block, bytes, length);
	*ret_secret = (struct secret){.bytes = block, .length = length, .mapped = mapped};
	return RESULT_OK;
}

void secret_done(struct secret *secret)
{
	if (secret->bytes) {
		memory_wipe(secret->bytes, secret->mapped);
		(void)munmap(secret->bytes, secret->mapped);
	}
	*secret = (struct secret){0};
}

void secret_forbid_dumps(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
}
