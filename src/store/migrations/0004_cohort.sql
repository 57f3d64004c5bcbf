-- Several jobs run under one fence, and what may be claimed is looked for group by group.

CREATE INDEX job_queue_of_group ON job (connector_id, group_id, priority, job_key)
	WHERE status = 'queued' AND group_id IS NOT NULL;
CREATE INDEX job_queue_without_group ON job (priority, job_key) WHERE status = 'queued' AND group_id IS NULL;
CREATE INDEX job_running_fence ON job (fence, connector_id, group_id) WHERE status = 'running';
CREATE INDEX group_lease_by_fence ON group_lease (fence);
