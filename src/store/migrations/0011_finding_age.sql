-- tool.drift 'settle' takes strangers out too, under the brake: a deprovision job that is unasked and has a finding.

-- Findings that are over, by age: they are dropped like finished jobs.
CREATE INDEX finding_by_age ON finding (resolved_at) WHERE status = 'resolved';
