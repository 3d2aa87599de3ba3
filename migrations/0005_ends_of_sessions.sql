-- Why a session ended is a word of the program's own closed list, which grows: a second list here would
-- have to be made anew, with the whole table, for each new word.

CREATE TABLE new_sessions (
    id                TEXT    NOT NULL PRIMARY KEY,
    -- SHA-256 of the token: a stolen copy of this table lets nobody in.
    token_digest      TEXT    NOT NULL UNIQUE,
    user_id           TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at        BIGINT  NOT NULL,
    last_seen_at      BIGINT  NOT NULL,
    authenticated_at  BIGINT  NOT NULL,
    idle_ends_at      BIGINT  NOT NULL,
    absolute_ends_at  BIGINT  NOT NULL,
    remember          BOOLEAN NOT NULL,
    address           TEXT    NOT NULL,
    user_agent        TEXT    NOT NULL,
    -- Its owner had not signed in with this browser before, but had with another one; and when they
    -- have said that it was them.
    new_device        BOOLEAN NOT NULL,
    recognised_at     BIGINT,
    ended_at          BIGINT,
    end_reason        TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

INSERT INTO new_sessions (id, token_digest, user_id, created_at, last_seen_at, authenticated_at,
    idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device, ended_at, end_reason)
SELECT id, token_digest, user_id, created_at, last_seen_at, authenticated_at,
    idle_ends_at, absolute_ends_at, remember, address, user_agent, FALSE, ended_at, end_reason
FROM sessions;

DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;

CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
CREATE INDEX live_sessions_of_user ON sessions (user_id, last_seen_at) WHERE ended_at IS NULL;
CREATE INDEX live_sessions_by_end ON sessions (idle_ends_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (ended_at);
CREATE INDEX new_devices_of_user ON sessions (user_id, created_at) WHERE new_device AND recognised_at IS NULL;
