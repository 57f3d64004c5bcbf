/* Evidence as it is given out: the page, which is the evidence file (domain/evidence_file.h), and a table for
 * spreadsheets. Both are made case by case, so that any number of them fits into little memory. */
#ifndef AIC_SERVER_EVIDENCE_H
#define AIC_SERVER_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/text.h"
#include "domain/access_request.h"
#include "domain/audit_chain.h"
#include "domain/finding.h"
#include "domain/grant.h"
#include "store/store_evidence.h"

struct evidence_about {
	struct evidence_filter filter;
	int64_t made_at;
	const char *made_by;    /* a principal's id */
	const char *public_key; /* PEM */
};

/* A request, what came of it, and what is on record about that. */
struct evidence_case {
	struct access_request request;
	bool has_grant;
	struct grant grant;
	struct grant_history *history;
	size_t history_count;
	struct audit_event *events; /* of the grant */
	size_t event_count;
};

struct evidence_counts {
	int64_t requests, grants, findings, events;
};

void evidence_page_begin(struct text *page, const struct evidence_about *about, struct arena *arena);
void evidence_page_case(struct text *page, const struct evidence_case *one, struct arena *arena);
/* Between the cases and the findings. */
void evidence_page_findings(struct text *page, const struct evidence_counts *counts);
void evidence_page_finding(struct text *page, const struct finding *finding, struct arena *arena);
/* Between the findings and the events. */
void evidence_page_chain(struct text *page, const struct evidence_span *span, const struct evidence_counts *counts,
                         struct arena *arena);
void evidence_page_event(struct text *page, const struct audit_event *event, struct arena *arena);
/* Everything up to the seal. */
void evidence_page_end(struct text *page, const struct evidence_span *span, const struct evidence_counts *counts,
                       struct arena *arena);

/* A line for each request, with its grant. */
void evidence_csv_begin(struct text *table);
void evidence_csv_case(struct text *table, const struct evidence_case *one, struct arena *arena);

/* What Graph called the last write that an event tells of: the member of its detail, in the arena; NULL. */
const char *evidence_event_id(const struct audit_event *event, const char *member, struct arena *arena);

#endif
