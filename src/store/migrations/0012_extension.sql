-- Access goes on for longer: asked for, or asked about before it ends.

-- extends_grant_key: whose end an extension or a review is about; asked_end: that end, as it stood then.
ALTER TABLE access_request ADD COLUMN kind TEXT NOT NULL DEFAULT 'access';
ALTER TABLE access_request ADD COLUMN extends_grant_key INTEGER REFERENCES access_grant;
ALTER TABLE access_request ADD COLUMN asked_end INTEGER NOT NULL DEFAULT 0;
CREATE INDEX access_request_extending ON access_request (extends_grant_key, status) WHERE extends_grant_key IS NOT NULL;

-- When the present end was set, if not by the activation.
ALTER TABLE access_grant ADD COLUMN extended_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE tool ADD COLUMN review_before_expiry INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tool ADD COLUMN review_days INTEGER NOT NULL DEFAULT 14;

ALTER TABLE intake_settings ADD COLUMN extension_request_type_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE intake_settings ADD COLUMN extension_field TEXT NOT NULL DEFAULT '';
