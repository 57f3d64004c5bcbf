/* Runs a fuzz harness over the files named, without a fuzzer: the corpus as a plain test (TAP). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rbe");
		uint8_t *data = malloc(2u << 20);
		size_t size = file == NULL || data == NULL ? 0 : fread(data, 1, 2u << 20, file);
		(void)LLVMFuzzerTestOneInput(data, size);
		printf("ok %d - %s does no harm\n", i, argv[i]);
		free(data);
		if (file != NULL) {
			(void)fclose(file);
		}
	}
	printf("1..%d\n", argc - 1);
	return 0;
}
