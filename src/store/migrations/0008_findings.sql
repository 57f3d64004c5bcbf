-- What is in the groups of the directory, as it was last read, and where that is not what was approved.

-- When a check of who is in a connector's groups was started last.
ALTER TABLE connector ADD COLUMN members_checked_at INTEGER NOT NULL DEFAULT 0;

-- report: an admin settles each finding. settle: what can be settled without taking anybody out is.
ALTER TABLE tool ADD COLUMN drift TEXT NOT NULL DEFAULT 'report' CHECK (drift IN ('report', 'settle'));

-- A bound group, and how far its check is. delta_link: from there the next walk sees what changed; NULL: it lists everybody.
-- walk_began_at: of the walk under way; walked_at: when the last one that came to its end began; since: the one before that.
-- generation: of the members that hold; staging: of those that a walk from the beginning collects. Both only grow, and rows
-- of any other generation are waste.
CREATE TABLE group_watch (
	watch_key INTEGER PRIMARY KEY,
	connector_key INTEGER NOT NULL REFERENCES connector ON DELETE CASCADE,
	group_id TEXT NOT NULL,
	phase TEXT NOT NULL,
	delta_link TEXT,
	walk_link TEXT,
	walk_full INTEGER NOT NULL DEFAULT 0,
	walk_pages INTEGER NOT NULL DEFAULT 0,
	walk_began_at INTEGER NOT NULL DEFAULT 0,
	walked_at INTEGER NOT NULL DEFAULT 0,
	generation INTEGER NOT NULL DEFAULT 0,
	staging INTEGER NOT NULL DEFAULT 0,
	position TEXT NOT NULL DEFAULT '',
	since INTEGER NOT NULL DEFAULT 0,
	found INTEGER NOT NULL DEFAULT 0,
	closed INTEGER NOT NULL DEFAULT 0,
	checked_at INTEGER NOT NULL DEFAULT 0,
	full_at INTEGER NOT NULL DEFAULT 0,
	tried_at INTEGER NOT NULL DEFAULT 0,
	code TEXT,
	detail TEXT,
	UNIQUE (connector_key, group_id)
) STRICT;

CREATE TABLE group_member (
	watch_key INTEGER NOT NULL REFERENCES group_watch ON DELETE CASCADE,
	generation INTEGER NOT NULL,
	member_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	PRIMARY KEY (watch_key, generation, member_id)
) STRICT, WITHOUT ROWID;

-- What a walk through the changes has found and nobody has looked at yet.
CREATE TABLE member_change (
	watch_key INTEGER NOT NULL REFERENCES group_watch ON DELETE CASCADE,
	member_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	removed INTEGER NOT NULL,
	PRIMARY KEY (watch_key, member_id)
) STRICT, WITHOUT ROWID;

-- looks, looked_at: of a suspected one.
CREATE TABLE finding (
	finding_key INTEGER PRIMARY KEY,
	finding_id TEXT NOT NULL UNIQUE,
	class TEXT NOT NULL,
	status TEXT NOT NULL,
	connector_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	tool_id TEXT,
	member_id TEXT NOT NULL,
	member_kind TEXT NOT NULL,
	grant_key INTEGER REFERENCES access_grant,
	preexisting INTEGER NOT NULL,
	code TEXT NOT NULL,
	detail TEXT,
	looks INTEGER NOT NULL DEFAULT 0,
	looked_at INTEGER NOT NULL DEFAULT 0,
	found_at INTEGER NOT NULL,
	resolved_at INTEGER NOT NULL DEFAULT 0,
	resolution TEXT,
	settled_by_kind TEXT,
	settled_by_id TEXT,
	reason TEXT,
	job_id TEXT,
	version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX finding_live ON finding (connector_id, group_id, member_id, coalesce(grant_key, 0))
	WHERE status <> 'resolved';
CREATE INDEX finding_suspected ON finding (connector_id, group_id, finding_key) WHERE status = 'suspected';
CREATE INDEX finding_by_status ON finding (status, finding_id);
CREATE INDEX finding_by_status_class ON finding (status, class, finding_id);
CREATE INDEX finding_by_class ON finding (class, finding_id);
CREATE INDEX finding_by_tool ON finding (tool_id, finding_id) WHERE tool_id IS NOT NULL;
CREATE INDEX finding_by_connector ON finding (connector_id, finding_id);
CREATE INDEX finding_by_member ON finding (connector_id, group_id, member_id, resolved_at);

-- Grants by the member that they are about, however an admin spelled the id, and by what changed lately.
CREATE INDEX access_grant_by_member ON access_grant (connector_id, group_id, lower(external_user_id));
CREATE INDEX access_grant_changed ON access_grant (connector_id, group_id, updated_at);
