-- The first shape of the store.
--
-- Inside, rows are joined by surrogate integer keys. Ids chosen by people (connector_id, tool_id) are labels: once their row
-- is deleted the label moves to retired_id and is never given again. Requests, grants and jobs therefore copy the label: it is
-- a fact of its day, pinned, and stays readable when the connector or the tool is long gone.
--
-- Instants are milliseconds since 1970 in UTC; 0 means none. Flags are 0 or 1. Statuses are the names of the contract.

CREATE TABLE meta (
	name TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE retired_id (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	retired_at INTEGER NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_token (
	token_key INTEGER PRIMARY KEY,
	principal_id TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	account_id TEXT,
	hash BLOB NOT NULL UNIQUE,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
	principal_id TEXT NOT NULL,
	route TEXT NOT NULL,
	key TEXT NOT NULL,
	request_hash BLOB NOT NULL,
	status INTEGER NOT NULL,
	location TEXT,
	response TEXT,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (principal_id, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE connector (
	connector_key INTEGER PRIMARY KEY,
	connector_id TEXT NOT NULL UNIQUE,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	group_mode TEXT NOT NULL,
	enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
	tenant_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	cloud TEXT NOT NULL,
	credential_kind INTEGER NOT NULL,
	credential_source INTEGER NOT NULL,
	credential_sealed BLOB,
	credential_reference TEXT,
	credential_certificate_reference TEXT,
	credential_expires_at INTEGER NOT NULL,
	credential_stored_at INTEGER NOT NULL,
	credential_version INTEGER NOT NULL,
	health TEXT NOT NULL,
	last_test TEXT,
	last_used_at INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	version INTEGER NOT NULL
) STRICT;

CREATE TABLE tool (
	tool_key INTEGER PRIMARY KEY,
	tool_id TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	vendor TEXT NOT NULL,
	url TEXT NOT NULL,
	description TEXT NOT NULL,
	risk TEXT NOT NULL,
	default_duration_days INTEGER NOT NULL,
	max_duration_days INTEGER NOT NULL,
	requestable INTEGER NOT NULL CHECK (requestable IN (0, 1)),
	connector_key INTEGER REFERENCES connector,
	group_mode TEXT,
	group_id TEXT,
	group_display_name TEXT,
	group_manageable INTEGER NOT NULL DEFAULT 0,
	group_code TEXT,
	group_checked_at INTEGER NOT NULL DEFAULT 0,
	group_allow_shared INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	version INTEGER NOT NULL,
	CHECK ((group_id IS NULL) = (group_mode IS NULL)),
	CHECK (group_id IS NULL OR connector_key IS NOT NULL)
) STRICT;
CREATE INDEX tool_by_connector ON tool (connector_key, group_id);
CREATE INDEX tool_by_group ON tool (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX tool_by_name ON tool (name);

CREATE TABLE identity_mapping (
	mapping_key INTEGER PRIMARY KEY,
	mapping_id TEXT NOT NULL UNIQUE,
	account_id TEXT NOT NULL,
	connector_key INTEGER NOT NULL REFERENCES connector ON DELETE CASCADE,
	external_id TEXT NOT NULL,
	note TEXT NOT NULL,
	resolved_object_id TEXT,
	resolved_user_principal_name TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	version INTEGER NOT NULL,
	UNIQUE (account_id, connector_key)
) STRICT;
CREATE INDEX identity_mapping_by_connector ON identity_mapping (connector_key);

-- One row at most. Lists are JSON arrays of strings.
CREATE TABLE intake_settings (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	project_keys TEXT NOT NULL,
	request_type_ids TEXT NOT NULL,
	tool_field TEXT NOT NULL,
	purpose_field TEXT NOT NULL,
	duration_field TEXT NOT NULL,
	beneficiary TEXT NOT NULL,
	approval TEXT NOT NULL,
	allowed_approvers TEXT NOT NULL,
	allowed_authors TEXT NOT NULL,
	approved_statuses TEXT NOT NULL,
	denied_statuses TEXT NOT NULL,
	revoked_statuses TEXT NOT NULL,
	match_portal_customers INTEGER NOT NULL,
	write_back_comment INTEGER NOT NULL,
	transition_on_active TEXT,
	updated_at INTEGER NOT NULL,
	version INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox_event (
	event_key INTEGER PRIMARY KEY,
	event_id TEXT NOT NULL UNIQUE,
	source TEXT NOT NULL,
	webhook_identifier TEXT,
	body_hash BLOB NOT NULL,
	issue_id TEXT,
	issue_key TEXT,
	event_type TEXT,
	status TEXT NOT NULL,
	code TEXT,
	reason TEXT,
	request_id TEXT,
	received_at INTEGER NOT NULL
) STRICT;
-- An automation event carries nothing but an issue key: its body says nothing about being a repetition.
CREATE UNIQUE INDEX inbox_event_by_body ON inbox_event (body_hash) WHERE source <> 'automation';
CREATE INDEX inbox_event_by_identifier ON inbox_event (webhook_identifier) WHERE webhook_identifier IS NOT NULL;
CREATE INDEX inbox_event_unprocessed ON inbox_event (source, issue_key) WHERE status = 'received';
CREATE INDEX inbox_event_by_age ON inbox_event (received_at);

CREATE TABLE access_request (
	request_key INTEGER PRIMARY KEY,
	request_id TEXT NOT NULL UNIQUE,
	site TEXT,
	issue_id TEXT,
	issue_key TEXT,
	tool_id TEXT,
	tool_text TEXT,
	account_id TEXT,
	filed_by TEXT,
	filed_by_principal TEXT,
	purpose TEXT,
	purpose_salt BLOB NOT NULL,
	duration_days INTEGER NOT NULL,
	approval TEXT NOT NULL,
	status TEXT NOT NULL,
	code TEXT,
	reason TEXT,
	decided_by TEXT,
	decided_at INTEGER NOT NULL,
	decision TEXT,
	asked_at INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	version INTEGER NOT NULL
) STRICT;
CREATE INDEX access_request_by_status ON access_request (status, request_id);
CREATE INDEX access_request_by_tool ON access_request (tool_id, status, request_id);
CREATE INDEX access_request_by_tool_id ON access_request (tool_id, request_id);
CREATE INDEX access_request_by_account ON access_request (account_id, request_id);
CREATE INDEX access_request_by_key ON access_request (issue_key, request_id) WHERE issue_key IS NOT NULL;
CREATE INDEX access_request_by_issue ON access_request (site, issue_id, request_id) WHERE issue_id IS NOT NULL;
CREATE UNIQUE INDEX access_request_one_pending ON access_request (site, issue_id)
	WHERE status = 'pending' AND issue_id IS NOT NULL;
CREATE INDEX access_request_stale ON access_request (asked_at) WHERE status = 'pending' AND issue_id IS NOT NULL;

-- Approval ids (kind jsm) and history ids (kind status) that a final request used up, as "<issue id>/<id>". Each can count
-- once on its issue.
CREATE TABLE consumed_id (
	site TEXT NOT NULL,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	request_key INTEGER NOT NULL REFERENCES access_request,
	PRIMARY KEY (site, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX consumed_id_by_request ON consumed_id (request_key);

CREATE TABLE access_grant (
	grant_key INTEGER PRIMARY KEY,
	grant_id TEXT NOT NULL UNIQUE,
	request_key INTEGER NOT NULL UNIQUE REFERENCES access_request,
	tool_id TEXT NOT NULL,
	account_id TEXT,
	connector_id TEXT,
	tenant_id TEXT,
	group_id TEXT,
	external_user_id TEXT,
	status TEXT NOT NULL,
	ends_as TEXT NOT NULL,
	membership_preexisting INTEGER NOT NULL,
	duration_days INTEGER NOT NULL,
	active_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	code TEXT,
	reason TEXT,
	follow_up_action TEXT,
	follow_up_code TEXT,
	follow_up_reason TEXT,
	follow_up_candidates TEXT,
	follow_up_since INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	version INTEGER NOT NULL
) STRICT;
CREATE INDEX access_grant_by_status ON access_grant (status, grant_id);
CREATE INDEX access_grant_by_tool ON access_grant (tool_id, status, grant_id);
CREATE INDEX access_grant_by_tool_id ON access_grant (tool_id, grant_id);
CREATE INDEX access_grant_by_account ON access_grant (account_id, grant_id);
CREATE INDEX access_grant_by_group ON access_grant (connector_id, group_id, account_id);
CREATE INDEX access_grant_by_user ON access_grant (connector_id, group_id, external_user_id)
	WHERE external_user_id IS NOT NULL;
CREATE INDEX access_grant_open ON access_grant (connector_id)
	WHERE status IN ('pendingProvision', 'active', 'pendingDeprovision', 'manualFollowUp');
CREATE INDEX access_grant_by_expiry ON access_grant (expires_at) WHERE status = 'active';

CREATE TABLE grant_history (
	history_key INTEGER PRIMARY KEY,
	grant_key INTEGER NOT NULL REFERENCES access_grant,
	at INTEGER NOT NULL,
	from_status TEXT,
	to_status TEXT NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	code TEXT
) STRICT;
CREATE INDEX grant_history_by_grant ON grant_history (grant_key, history_key);

-- Who put a user into a group. No row: nobody that we know of.
CREATE TABLE membership (
	connector_key INTEGER NOT NULL REFERENCES connector ON DELETE CASCADE,
	group_id TEXT NOT NULL,
	external_user_id TEXT NOT NULL,
	origin TEXT NOT NULL CHECK (origin IN ('ours', 'preexisting')),
	created_at INTEGER NOT NULL,
	PRIMARY KEY (connector_key, group_id, external_user_id)
) STRICT, WITHOUT ROWID;

-- held: waits for a connector or an incident, not for a time. dedup: what must not be started twice.
CREATE TABLE job (
	job_key INTEGER PRIMARY KEY,
	job_id TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	status TEXT NOT NULL,
	priority INTEGER NOT NULL,
	held INTEGER NOT NULL DEFAULT 0,
	grant_key INTEGER REFERENCES access_grant,
	request_key INTEGER REFERENCES access_request,
	connector_id TEXT,
	group_id TEXT,
	subject TEXT,
	inbox_event_id TEXT,
	dedup TEXT,
	attempts INTEGER NOT NULL DEFAULT 0,
	next_attempt_at INTEGER NOT NULL,
	fence INTEGER NOT NULL DEFAULT 0,
	lease_holder TEXT,
	lease_expires_at INTEGER NOT NULL DEFAULT 0,
	progress TEXT,
	error_code TEXT,
	error_detail TEXT,
	error_request_id TEXT,
	error_client_request_id TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_by_dedup ON job (dedup) WHERE dedup IS NOT NULL;
CREATE INDEX job_by_grant ON job (grant_key, job_key) WHERE grant_key IS NOT NULL;
CREATE INDEX job_by_status ON job (status, job_id);
CREATE INDEX job_by_kind ON job (kind, job_id);
CREATE INDEX job_by_connector ON job (connector_id, job_id) WHERE connector_id IS NOT NULL;
CREATE INDEX job_queue ON job (priority, job_key) WHERE status = 'queued';
CREATE INDEX job_waiting ON job (next_attempt_at) WHERE status = 'waiting' AND held = 0;
CREATE INDEX job_held ON job (connector_id) WHERE held = 1;
CREATE INDEX job_by_kind_status ON job (kind, status, job_id);
CREATE INDEX job_pending ON job (connector_id, group_id) WHERE status IN ('queued', 'waiting');
CREATE INDEX job_running ON job (lease_expires_at) WHERE status = 'running';
CREATE INDEX job_live_subject ON job (kind, subject) WHERE status IN ('queued', 'running', 'waiting');
CREATE INDEX job_finished ON job (updated_at) WHERE status IN ('succeeded', 'manualFollowUp', 'cancelled');

CREATE TABLE fence_counter (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	value INTEGER NOT NULL
) STRICT;
INSERT INTO fence_counter (one, value) VALUES (1, 0);

CREATE TABLE group_lease (
	connector_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	job_key INTEGER NOT NULL,
	fence INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	PRIMARY KEY (connector_id, group_id)
) STRICT, WITHOUT ROWID;

-- group_id '': the whole connector.
CREATE TABLE incident (
	connector_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	code TEXT NOT NULL,
	detail TEXT,
	since INTEGER NOT NULL,
	next_probe_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	PRIMARY KEY (connector_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_event (
	seq INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	action TEXT NOT NULL,
	target_kind TEXT NOT NULL,
	target_id TEXT NOT NULL,
	outcome TEXT NOT NULL,
	detail TEXT NOT NULL,
	prev_hash TEXT NOT NULL,
	hash TEXT NOT NULL
) STRICT;

CREATE TABLE audit_head (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	seq INTEGER NOT NULL,
	hash TEXT NOT NULL,
	at INTEGER NOT NULL,
	signature BLOB NOT NULL
) STRICT;

CREATE TABLE audit_checkpoint (
	seq INTEGER PRIMARY KEY,
	hash TEXT NOT NULL,
	at INTEGER NOT NULL,
	signature BLOB NOT NULL
) STRICT;

-- The chain only grows. An INSERT OR REPLACE would delete without firing a delete trigger, so insertion is watched too.
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
BEGIN
	SELECT RAISE(ABORT, 'audit events cannot be changed');
END;
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
BEGIN
	SELECT RAISE(ABORT, 'audit events cannot be deleted');
END;
CREATE TRIGGER audit_event_in_order BEFORE INSERT ON audit_event
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_event)
BEGIN
	SELECT RAISE(ABORT, 'audit events are appended one by one');
END;
CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
BEGIN
	SELECT RAISE(ABORT, 'audit checkpoints cannot be changed');
END;
CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
BEGIN
	SELECT RAISE(ABORT, 'audit checkpoints cannot be deleted');
END;
CREATE TRIGGER audit_checkpoint_in_order BEFORE INSERT ON audit_checkpoint
WHEN NEW.seq <= (SELECT coalesce(max(seq), 0) FROM audit_checkpoint)
BEGIN
	SELECT RAISE(ABORT, 'audit checkpoints are appended one by one');
END;
