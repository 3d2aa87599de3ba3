-- Attempts to sign in that failed, by account, device and address. The keys are keyed digests: what
-- people type as a name is at times their password.
CREATE TABLE throttle (
    key             TEXT   NOT NULL PRIMARY KEY,
    failures        BIGINT NOT NULL,
    last_at         BIGINT NOT NULL,
    -- To give an attempt back that was a success.
    before_last_at  BIGINT NOT NULL,
    window_ends_at  BIGINT NOT NULL
);

CREATE INDEX throttle_by_end ON throttle (window_ends_at);

-- Browsers in which somebody has signed in; several people may share one.
CREATE TABLE devices (
    token_digest TEXT   NOT NULL,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (token_digest, user_id)
);

CREATE INDEX devices_of_user ON devices (user_id);
CREATE INDEX devices_by_use ON devices (last_used_at);

-- Keys that the server makes for itself; all servers on one database share them.
CREATE TABLE keys (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
