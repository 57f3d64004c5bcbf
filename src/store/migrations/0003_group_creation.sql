-- The job that may bind the group which it creates: none once the tool was unbound, bound or moved meanwhile.

ALTER TABLE tool ADD COLUMN group_job_id TEXT;

UPDATE tool SET group_job_id = (SELECT job_id FROM job WHERE kind = 'createGroup' AND subject = tool.tool_id AND status IN
  ('queued', 'running', 'waiting') ORDER BY job_key DESC LIMIT 1);
