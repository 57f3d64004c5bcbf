/* Prints docs/codes.md from the table of codes that the program itself uses. scripts/check-pages compares the two. */
#include <stdio.h>
#include <string.h>

#include "domain/code.h"

int main(void)
{
	size_t count = 0;
	const struct code *codes = code_all(&count);
	const char *area = "";

	puts("# Codes and remedies\n");
	puts("Every code that AI Clearance gives, what it means and what to do. Made from the program's own table by");
	puts("`scripts/check-pages --write`; do not edit by hand.");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(area, codes[i].area) != 0) {
			area = codes[i].area;
			printf("\n## %s\n", area);
		}
		printf("\n### `%s`\n\n%s\n", codes[i].code, codes[i].summary);
		if (codes[i].remedy != NULL) {
			printf("\n**What to do:** %s\n", codes[i].remedy);
		}
	}
	return 0;
}
