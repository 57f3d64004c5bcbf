-- Evidence asks for the events of a period, and for those of a grant.

CREATE INDEX audit_event_by_time ON audit_event (at);
CREATE INDEX audit_event_of_grant ON audit_event (target_id, seq) WHERE target_kind = 'grant';

-- Whose texts and names were taken away, when, by whom and why.
CREATE TABLE erasure (
	account_id TEXT NOT NULL PRIMARY KEY,
	erased_at INTEGER NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_id TEXT NOT NULL,
	reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- An erasure looks for what a person filed, decided, or did to somebody else's grant.
CREATE INDEX access_request_by_filer ON access_request (filed_by) WHERE filed_by IS NOT NULL;
CREATE INDEX api_token_by_account ON api_token (account_id) WHERE account_id IS NOT NULL;
