-- What a partial index asks of a row is asked at every change of that row, of what it was and of what it becomes. SQLite
-- answers an IN of three or more values by filling a table of its own for it, each time; a chain of ORs it answers by
-- comparing. So such sets are said with OR here, and in the same words by every statement that is to be led by such an
-- index (GRANT_IS_INSIDE, JOB_LIVE, JOB_FINAL). One that names a single value of them is led by it too, or
-- the pair in brackets.

-- The open grants of a connector: those that are to come, and those of access_grant_in_group. One index of all would be
-- written once more at each change.
DROP INDEX access_grant_open;
CREATE INDEX access_grant_to_come ON access_grant (connector_id) WHERE status = 'pendingProvision';
DROP INDEX access_grant_in_group;
CREATE INDEX access_grant_in_group ON access_grant (connector_id, group_id, external_user_id)
	WHERE status = 'active' OR status = 'pendingDeprovision' OR status = 'manualFollowUp';
DROP INDEX job_finished;
CREATE INDEX job_finished ON job (updated_at)
	WHERE status = 'succeeded' OR status = 'manualFollowUp' OR status = 'cancelled';
-- Most jobs have no subject, and nobody looks for them by one.
DROP INDEX job_live_subject;
CREATE INDEX job_live_subject ON job (kind, subject)
	WHERE subject IS NOT NULL AND ((status = 'queued' OR status = 'waiting') OR status = 'running');
