/* What is remembered of the limits of an app in a tenant (Graph host, tenant, client): shared by write_budget.c and
 * unit_budget.c, and by all threads. A small table; when it is full the entry that was longest unused makes room, which
 * forgets counts and what was learned: a 429 tells them again. */
#ifndef AIC_CONNECTOR_ENTRA_BUDGET_ENTRY_H
#define AIC_CONNECTOR_ENTRA_BUDGET_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "connector/connector.h"
#include "connector/entra/cloud.h"
#include "connector/entra/usage_window.h"

struct budget_entry {
	bool taken;
	uint8_t key[DIGEST_SIZE];
	int64_t used_at;

	/* write_budget.c */
	struct usage_window writes;
	struct usage_window links; /* those of the writes that are links of a PATCH of several */
	double link_cost;
	double singles_away; /* sent, and not answered yet */
	double links_away;
	int64_t began_at; /* the first write after none in a whole span */
	bool tells;       /* Graph has said how much is used at least once, so that its silence means less than 0.8 */
	bool refused;     /* a price was learned the hard way */

	/* unit_budget.c */
	struct usage_window units;
	double person_cost;
	int64_t strict_until; /* the limit that was learned holds so long */
};

/* Locks; NULL, unlocked, if there is no memory for the key. `now_ms` is monotonic. A new entry begins by the documented
 * limits. */
struct budget_entry *budget_entry_open(const struct entra_place *place, const struct connector_settings *settings,
                                       int64_t now_ms);
/* Unlocks. */
void budget_entry_close(void);

/* What a new entry begins with. */
void write_budget_init(struct budget_entry *entry, int64_t now_ms);
void unit_budget_init(struct budget_entry *entry, int64_t now_ms);

#endif
