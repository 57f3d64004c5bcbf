-- A connector whose directory asked for patience hands out nothing for a while: no provision or deprovision job of this
-- priority, or a less urgent one, before `until`.

CREATE TABLE connector_pause (
	connector_id TEXT NOT NULL PRIMARY KEY,
	priority INTEGER NOT NULL,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- By priority first, so that everything that a pause holds is stepped over in one stride, however many groups it is in.
DROP INDEX job_queue_of_group;
CREATE INDEX job_queue_of_group ON job (connector_id, priority, group_id, job_key)
	WHERE status = 'queued' AND group_id IS NOT NULL;
DROP INDEX job_held;
CREATE INDEX job_held ON job (connector_id, priority) WHERE held = 1;

-- No pause is about the creation of a group: it stands before whatever a pause holds.
UPDATE job SET priority = 9 WHERE kind = 'createGroup' AND status IN ('queued', 'running', 'waiting');
