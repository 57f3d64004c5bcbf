-- What the setup guide asks for: when a connector was tested last, and what was found about the user of a mapping.

ALTER TABLE connector ADD COLUMN tested_at INTEGER NOT NULL DEFAULT 0;

-- code: what the last check said; NULL: not checked yet.
ALTER TABLE identity_mapping ADD COLUMN code TEXT;
ALTER TABLE identity_mapping ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;

DROP INDEX identity_mapping_by_connector;
CREATE INDEX identity_mapping_by_connector ON identity_mapping (connector_key, mapping_id);
CREATE INDEX identity_mapping_by_account ON identity_mapping (account_id, mapping_id);
CREATE INDEX identity_mapping_by_code ON identity_mapping (code, mapping_id) WHERE code IS NOT NULL;
CREATE INDEX identity_mapping_by_check ON identity_mapping (connector_key, checked_at);
