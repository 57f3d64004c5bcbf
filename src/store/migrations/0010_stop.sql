-- A stop: all access to one tool, or all of one person, taken away at once.

-- reason_salt: of the reason's hash in the audit event; erased with it. total: grants that were open when it began.
CREATE TABLE stop (
	stop_key INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('tool', 'person')),
	subject TEXT NOT NULL,
	stopped_at INTEGER NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	reason TEXT,
	reason_salt BLOB NOT NULL,
	total INTEGER NOT NULL
) STRICT;
CREATE INDEX stop_of_subject ON stop (kind, subject, stop_key);

-- Whom it covers, in the order in which they are taken out. outcome: waiting (to be asked for), leaving, removed, kept (in the
-- group, by another grant or by hand), failed (needs a person).
CREATE TABLE stop_grant (
	place INTEGER PRIMARY KEY,
	stop_key INTEGER NOT NULL REFERENCES stop,
	grant_key INTEGER NOT NULL REFERENCES access_grant,
	grant_id TEXT NOT NULL,
	outcome TEXT NOT NULL,
	UNIQUE (stop_key, grant_id)
) STRICT;
CREATE INDEX stop_grant_of_grant ON stop_grant (grant_key);
CREATE INDEX stop_grant_by_outcome ON stop_grant (stop_key, outcome);
CREATE INDEX stop_grant_waiting ON stop_grant (place) WHERE outcome = 'waiting';

-- The stop that the tool is under; NULL: none.
ALTER TABLE tool ADD COLUMN stop_key INTEGER REFERENCES stop;
