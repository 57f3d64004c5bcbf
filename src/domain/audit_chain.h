/* The audit chain: hash = SHA-256 over the RFC 8785 text of all other members, prevHash included; checkpoints and the
 * head are signed with Ed25519, so that a change is found even when made by someone who can recompute hashes. */
#ifndef AIC_DOMAIN_AUDIT_CHAIN_H
#define AIC_DOMAIN_AUDIT_CHAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/result.h"

#define AUDIT_SIGNATURE_SIZE 64
#define AUDIT_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* `detail` is an object of ids, codes and numbers; never a name, an e-mail or free text. */
struct audit_event {
	int64_t seq; /* from 1, no gaps */
	int64_t at;  /* whole seconds: what the text shows is what is hashed */
	const char *actor_kind;
	const char *actor_id;
	const char *action; /* "connector.created" */
	const char *target_kind;
	const char *target_id;
	const char *outcome;   /* "ok" | "failed" */
	const char *detail;    /* JSON text of an object */
	const char *prev_hash; /* hex */
	const char *hash;      /* hex */
};

/* The event as the contract shows it; `with_hash` false leaves `hash` out, as it is hashed. The caller owns the value;
 * NULL on failure. */
json_t *audit_event_to_json(const struct audit_event *event, bool with_hash) MUST_CHECK;
/* The hash over everything else. RESULT_INVALID if `at` has a fraction of a second, or `detail` is not an object of
 * values that have a canonical form. */
enum result audit_event_hash(const struct audit_event *event, struct arena *arena, char ret_hash[DIGEST_HEX_SIZE])
    MUST_CHECK;

struct audit_checkpoint {
	int64_t seq;
	char hash[DIGEST_HEX_SIZE];
	int64_t at;
	uint8_t signature[AUDIT_SIGNATURE_SIZE];
};

/* {seq,hash,at,signature}, as the contract shows it. The caller owns the value; NULL on failure. */
json_t *audit_checkpoint_to_json(const struct audit_checkpoint *checkpoint, struct arena *arena) MUST_CHECK;
/* False if the value is no checkpoint. */
bool audit_checkpoint_from_json(const json_t *value, struct arena *arena, struct audit_checkpoint *ret_checkpoint)
    MUST_CHECK;
/* False if the value is no event, or holds anything beyond one in exactly the form in which it is hashed. */
bool audit_event_from_json(const json_t *value, struct arena *arena, struct audit_event *ret_event) MUST_CHECK;

/* An Ed25519 key pair. Opaque; the private half is wiped on free. */
struct audit_key;
enum result audit_key_generate(struct audit_key **ret_key) MUST_CHECK;
enum result audit_key_from_seed(const uint8_t seed[32], struct audit_key **ret_key) MUST_CHECK;
enum result audit_key_from_public_pem(const char *pem, struct audit_key **ret_key) MUST_CHECK; /* verifies only */
enum result audit_key_seed(const struct audit_key *key, uint8_t ret_seed[32]) MUST_CHECK;
char *audit_key_public_pem(const struct audit_key *key, struct arena *arena) MUST_CHECK;
void audit_key_free(struct audit_key *key);
void audit_key_freep(struct audit_key **key);

/* Signs / verifies {seq,hash,at} in canonical form, under a label ("checkpoint", "head") that keeps the two apart (any
 * but "checkpoint" is a fourth member, `label`). Signing cuts `at` down to whole seconds: keep it as it is afterwards.
 */
enum result audit_checkpoint_sign(const struct audit_key *key, const char *label, struct audit_checkpoint *checkpoint)
    MUST_CHECK;
bool audit_checkpoint_verify(const struct audit_key *key, const char *label, const struct audit_checkpoint *checkpoint);

/* Walks a chain event by event. */
struct audit_verifier {
	int64_t next_seq;
	char prev_hash[DIGEST_HEX_SIZE];
	int64_t bad_seq; /* 0: none so far */
	char reason[256];
};
void audit_verifier_init(struct audit_verifier *verifier);
/* The same from the event that follows this one. */
void audit_verifier_init_after(struct audit_verifier *verifier, int64_t seq, const char *hash);
/* RESULT_OK if it fits; RESULT_INVALID and bad_seq, reason set if not (the first fault stays). */
enum result audit_verifier_add(struct audit_verifier *verifier, const struct audit_event *event, struct arena *scratch)
    MUST_CHECK;

#endif
