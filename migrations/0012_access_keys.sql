-- Personal secrets with which programs act for their owner.
CREATE TABLE access_keys (
    id              TEXT   NOT NULL PRIMARY KEY,
    user_id         TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            TEXT   NOT NULL,
    -- SHA-256 of the secret: whoever reads the database cannot use the key.
    secret_digest   TEXT   NOT NULL,
    -- Words with spaces between them.
    scopes          TEXT   NOT NULL,
    -- Networks with spaces between them; empty for everywhere.
    networks        TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    last_used_at    BIGINT,
    last_address    TEXT   NOT NULL DEFAULT '',
    last_user_agent TEXT   NOT NULL DEFAULT '',
    -- The database was restored from a backup, and nobody has confirmed the key since.
    suspended_at    BIGINT,
    revoked_at      BIGINT,
    revoke_reason   TEXT,
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);

CREATE INDEX access_keys_of_user ON access_keys (user_id, created_at, id);
CREATE INDEX access_keys_by_end ON access_keys (expires_at);
CREATE INDEX access_keys_by_revocation ON access_keys (revoked_at) WHERE revoked_at IS NOT NULL;

-- The key with which a session was started, and the scopes of that key. The session ends with the key.
ALTER TABLE sessions ADD COLUMN key_id TEXT;
ALTER TABLE sessions ADD COLUMN scopes TEXT;
CREATE INDEX sessions_of_key ON sessions (key_id) WHERE key_id IS NOT NULL;

-- The key that an event concerns, as it was called then, and the credential of a program with which something was
-- done. Without one it was a browser, a command or the server, as `source` says.
ALTER TABLE activity ADD COLUMN key_id TEXT;
ALTER TABLE activity ADD COLUMN key_name TEXT;
ALTER TABLE activity ADD COLUMN credential TEXT;
