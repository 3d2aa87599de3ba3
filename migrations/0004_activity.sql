-- What happened, for people to look back on. It outlives the accounts and sessions that it names.
CREATE TABLE activity (
    id         TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    event      TEXT   NOT NULL,
    reason     TEXT,
    source     TEXT   NOT NULL CHECK (source IN ('browser', 'command', 'server')),
    user_id    TEXT,
    username   TEXT,
    session_id TEXT,
    address    TEXT   NOT NULL,
    user_agent TEXT   NOT NULL,
    -- Refusals of one kind in one window are one row.
    times      BIGINT NOT NULL
);

CREATE INDEX activity_by_time ON activity (at);
CREATE INDEX activity_of_user ON activity (user_id, at);

-- For cleaning up in small steps.
CREATE INDEX live_sessions_by_end ON sessions (idle_ends_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (ended_at);
