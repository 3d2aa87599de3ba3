-- A session goes on under a new token when its password is typed again or changed. Every token that it had before
-- leads to it from here: signing out with an old cookie ends the session, and whatever the browser was given since.
CREATE TABLE earlier_tokens (
    -- SHA-256 of the token, as in `sessions`.
    token_digest     TEXT    NOT NULL PRIMARY KEY,
    session_id       TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- When the password was last typed before the token was replaced, and when it was replaced.
    authenticated_at BIGINT  NOT NULL,
    renewed_at       BIGINT  NOT NULL,
    -- It was replaced by a confirmation, and by none since: it opens pages until the answer has arrived.
    has_grace        BOOLEAN NOT NULL
);

CREATE INDEX earlier_tokens_of_session ON earlier_tokens (session_id);

-- Under a token that no request has brought yet: the idle end that its first use sets. NULL once it was used.
ALTER TABLE sessions ADD COLUMN idle_end_if_used BIGINT;

-- The sign-in from a new browser that has to be recognised before this browser, or this session in it, counts as
-- known. NULL where nothing is open.
ALTER TABLE devices ADD COLUMN alert_id TEXT;
ALTER TABLE sessions ADD COLUMN alert_id TEXT;

-- A browser was written down in the same millisecond as its first session.
UPDATE devices SET alert_id = (SELECT MIN(s.id) FROM sessions s WHERE s.user_id = devices.user_id
    AND s.created_at = devices.created_at AND s.new_device AND s.recognised_at IS NULL);
