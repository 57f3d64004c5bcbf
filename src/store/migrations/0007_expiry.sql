-- Access ends by itself, is told so before, and many ends at once wait for an admin.

ALTER TABLE tool ADD COLUMN expiry_warning_days TEXT NOT NULL DEFAULT '[7,1]';

-- unasked: a removal that no person asked for. sent: it may have been carried out. held = 2: held by removal_hold.
ALTER TABLE job ADD COLUMN unasked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX job_unasked ON job (connector_id, group_id, status, updated_at) WHERE unasked = 1;
CREATE INDEX job_braked ON job (connector_id, group_id) WHERE held = 2;

-- Who is in a group as far as we know, by group.
CREATE INDEX access_grant_in_group ON access_grant (connector_id, group_id, external_user_id)
	WHERE status IN ('active', 'pendingDeprovision', 'manualFollowUp');

CREATE TABLE removal_hold (
	connector_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	reason TEXT NOT NULL,
	since INTEGER NOT NULL,
	PRIMARY KEY (connector_id, group_id)
) STRICT, WITHOUT ROWID;

-- seen_at: the last instant at which the clock was trusted; clock_epoch: grows with each word of an admin that it is right;
-- warned_until: what was to be said before an end, up to this instant, was said.
CREATE TABLE expiry_watch (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	seen_at INTEGER NOT NULL,
	clock_doubt TEXT NOT NULL,
	clock_epoch INTEGER NOT NULL,
	warned_until INTEGER NOT NULL
) STRICT;
INSERT INTO expiry_watch (one, seen_at, clock_doubt, clock_epoch, warned_until) VALUES (1, 0, '', 0, 0);
