/* The form of an evidence file: one HTML page that a person reads and prints, in which everything that it shows also
 * stands as data, and which is signed as a whole.
 *
 * It is made of lines. A record is the last thing on its line: a <script> of a type that no browser runs, holding one
 * JSON value. The last line but nothing else is the seal: the SHA-256 of all bytes before that line, signed with the
 * audit key under the label "evidence", so that neither checkpoint nor head can stand for it, nor it for them. */
#ifndef AIC_DOMAIN_EVIDENCE_FILE_H
#define AIC_DOMAIN_EVIDENCE_FILE_H

#include <jansson.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/text.h"
#include "domain/audit_chain.h"

/* How every evidence file begins. */
#define EVIDENCE_BEGIN "<!DOCTYPE html><!-- AI Clearance evidence, form 1 -->\n"
#define EVIDENCE_FORM 1
#define EVIDENCE_KIND_SIZE 16

/* Kinds of records, in their order. */
#define EVIDENCE_ABOUT "about"     /* one: period, tool, when it was made, the public key */
#define EVIDENCE_REQUEST "request" /* any number: a request with its decision, as the API shows it, and more */
#define EVIDENCE_GRANT "grant"     /* after the request that it came from */
#define EVIDENCE_FINDING "finding" /* any number: where what was in a group was not what was approved */
#define EVIDENCE_BEFORE "before"   /* at most one: the checkpoint before the first event */
#define EVIDENCE_EVENT "event"     /* any number, without a gap */
#define EVIDENCE_AFTER "after"     /* one: the checkpoint at the last event */
#define EVIDENCE_END "end"         /* one: how many there are of each */

/* Appends text to a page: & < > " ' become references. */
void evidence_append_text(struct text *page, const char *text);
/* Appends a record and ends its line. `kind` is one of those above. */
void evidence_append_record(struct text *page, const char *kind, const json_t *value, struct arena *arena);
/* Appends the seal over a file whose bytes so far have this hash, and with it the file's end. RESULT_NO_MEMORY if it
 * cannot be signed. `seq`: the last event; `at` is cut down to whole seconds. */
enum result evidence_append_seal(struct text *page, const struct audit_key *key, int64_t seq, const char *hash,
                                 int64_t at, struct arena *arena) MUST_CHECK;

/* The record of a line (its newline included in `length`, or not). RESULT_NOT_FOUND if it holds none; RESULT_INVALID if
 * what it holds is none. The caller owns *ret_value. */
enum result evidence_line_record(const char *line, size_t length, char ret_kind[EVIDENCE_KIND_SIZE], json_t **ret_value)
    MUST_CHECK;
/* Whether the line is the seal, by how it begins. */
bool evidence_line_is_seal(const char *line, size_t length);
/* RESULT_INVALID unless the line is, byte for byte, the seal of this hash, and its signature holds. */
enum result evidence_line_check_seal(const char *line, size_t length, const struct audit_key *key, const char *hash,
                                     struct arena *arena, struct audit_checkpoint *ret_seal) MUST_CHECK;

#endif
