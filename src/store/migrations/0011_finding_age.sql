-- Findings that are over, by age: they are dropped like finished jobs.
CREATE INDEX finding_by_age ON finding (resolved_at) WHERE status = 'resolved';
