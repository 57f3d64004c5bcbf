/* What each part of the trail is good for.
 *
 * The chain of hashes finds a changed or missing event, unless the one who changed it computed all later hashes anew.
 * The checkpoints and the head are signed with a key that is sealed under the master key: whoever has the database
 * alone can not sign, so a chain computed anew fits neither, and a tail that was cut leaves a head that names an event
 * which is gone. Only one who puts back a whole older database, signatures and all, passes these: against that stands a
 * checkpoint that somebody exported and kept elsewhere. */
#include "cli/audit_trail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void audit_trail_init(struct audit_trail *trail, const struct audit_key *key,
                      const struct audit_checkpoint *checkpoints, size_t checkpoint_count,
                      const struct audit_checkpoint *since)
{
	*trail = (struct audit_trail){
	    .key = key, .checkpoints = checkpoints, .checkpoint_count = checkpoint_count, .since = since};
	audit_verifier_init(&trail->verifier);
}

enum result audit_trail_fail(struct audit_trail *trail, int64_t seq, const char *format, ...)
{
	va_list arguments;

	if (trail->bad_seq != 0)
		return RESULT_INVALID;
	trail->bad_seq = seq;
	va_start(arguments, format);
	(void)vsnprintf(trail->reason, sizeof(trail->reason), format, arguments);
	va_end(arguments);
	return RESULT_INVALID;
}

/* `what`: "checkpoint" or "exported checkpoint". */
static enum result check_signed(struct audit_trail *trail, const struct audit_checkpoint *checkpoint,
                                const struct audit_event *event, const char *what)
{
	if (!audit_checkpoint_verify(trail->key, "checkpoint", checkpoint))
		return audit_trail_fail(trail, event->seq, "The signature of the %s at this event does not hold.", what);
	if (!text_equal(checkpoint->hash, event->hash))
		return audit_trail_fail(
		    trail, event->seq,
		    "The signed %s names another hash for this event: the trail was changed and computed anew, "
		    "somewhere after event %" PRId64 ".",
		    what, trail->vouched);
	trail->vouched = event->seq;
	return RESULT_OK;
}

enum result audit_trail_add(struct audit_trail *trail, const struct audit_event *event, struct arena *scratch)
{
	enum result result = audit_verifier_add(&trail->verifier, event, scratch);

	if (result == RESULT_NO_MEMORY)
		return result;
	if (result != RESULT_OK)
		return audit_trail_fail(trail, trail->verifier.bad_seq, "%s", trail->verifier.reason);
	trail->last_seq = event->seq;
	(void)snprintf(trail->last_hash, sizeof(trail->last_hash), "%s", event->hash);
	while (trail->next_checkpoint < trail->checkpoint_count &&
	       trail->checkpoints[trail->next_checkpoint].seq <= event->seq && result == RESULT_OK) {
		const struct audit_checkpoint *checkpoint = &trail->checkpoints[trail->next_checkpoint++];

		if (checkpoint->seq < event->seq)
			return audit_trail_fail(trail, event->seq, "A checkpoint names event %" PRId64 ", which cannot be.",
			                        checkpoint->seq);
		result = check_signed(trail, checkpoint, event, "checkpoint");
	}
	if (result == RESULT_OK && trail->since && trail->since->seq == event->seq) {
		trail->since_seen = true;
		result = check_signed(trail, trail->since, event, "exported checkpoint");
	}
	return result;
}

enum result audit_trail_finish(struct audit_trail *trail)
{
	if (trail->bad_seq != 0)
		return RESULT_INVALID;
	if (trail->next_checkpoint < trail->checkpoint_count)
		return audit_trail_fail(trail, trail->last_seq + 1,
		                        "The tail was cut: a signed checkpoint names event %" PRId64
		                        ", but the last one is %" PRId64 ".",
		                        trail->checkpoints[trail->next_checkpoint].seq, trail->last_seq);
	if (trail->since && !trail->since_seen)
		return audit_trail_fail(trail, trail->last_seq + 1,
		                        "The tail was cut: the exported checkpoint names event %" PRId64
		                        ", but the last one is %" PRId64 ".",
		                        trail->since->seq, trail->last_seq);
	return RESULT_OK;
}

enum result audit_trail_check_head(struct audit_trail *trail, const struct audit_checkpoint *head)
{
	if (trail->bad_seq != 0)
		return RESULT_INVALID;
	if (!head && trail->last_seq == 0)
		return RESULT_OK;
	if (!head)
		return audit_trail_fail(trail, trail->vouched + 1,
		                        "The signed head is gone: nothing vouches for the events from here on.");
	if (!audit_checkpoint_verify(trail->key, "head", head))
		return audit_trail_fail(
		    trail, trail->last_seq ? trail->last_seq : 1,
		    "The signature of the head does not hold: the trail was changed, somewhere after event %" PRId64 ".",
		    trail->vouched);
	if (head->seq > trail->last_seq)
		return audit_trail_fail(trail, trail->last_seq + 1,
		                        "The tail was cut: the signed head names event %" PRId64
		                        ", but the last one is %" PRId64 ".",
		                        head->seq, trail->last_seq);
	if (head->seq < trail->last_seq)
		return audit_trail_fail(trail, head->seq + 1, "Events follow the one that the signed head names.");
	if (!text_equal(head->hash, trail->last_hash))
		return audit_trail_fail(
		    trail, trail->last_seq,
		    "The signed head names another hash for this event: the trail was changed and computed anew, "
		    "somewhere after event %" PRId64 ".",
		    trail->vouched);
	return RESULT_OK;
}
