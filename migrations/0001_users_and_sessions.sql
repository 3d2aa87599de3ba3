-- One text for SQLite and PostgreSQL: ids and digests are TEXT, instants are Unix milliseconds.

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL,
    -- NFKC and case-folded, so that one account has one name in every spelling.
    username_key  TEXT    NOT NULL UNIQUE,
    email         TEXT,
    email_key     TEXT    UNIQUE,
    display_name  TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    is_admin      BOOLEAN NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    disabled_at   BIGINT
);

CREATE TABLE sessions (
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
    ended_at          BIGINT,
    end_reason        TEXT CHECK (end_reason IN (
        'signed_out', 'replaced', 'idle', 'expired', 'ended_by_admin', 'user_disabled', 'password_changed'
    )),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_of_user ON sessions (user_id, created_at);
