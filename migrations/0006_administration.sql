-- For administrators: who did it, links that set a password, and lists that stay fast however long they are.

-- The administrator who did it, as the account was called then; empty for commands and for one's own doing.
ALTER TABLE activity ADD COLUMN actor_id TEXT;
ALTER TABLE activity ADD COLUMN actor_name TEXT;

-- The display name, NFKC and case-folded, to be searched by its beginning. SQL cannot fold, so the server
-- fills it in for accounts that are older than this column; until then it is empty.
ALTER TABLE users ADD COLUMN display_name_key TEXT;
CREATE INDEX users_by_display_name ON users (display_name_key, id);

-- The accounts among which the last one is kept.
CREATE INDEX administrators ON users (id) WHERE is_admin;

-- One row, which is written first by whatever may take an administrator away: of two at once the second
-- waits, and then counts those who are left.
CREATE TABLE administration (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    changes BIGINT  NOT NULL
);
INSERT INTO administration (id, changes) VALUES (1, 0);

-- Links with which a person sets a password. A person without one has the empty `password_hash`.
CREATE TABLE password_links (
    user_id       TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose       TEXT   NOT NULL CHECK (purpose IN ('invitation', 'reset')),
    -- SHA-256 of the secret: whoever reads the database cannot use the link.
    secret_digest TEXT   NOT NULL UNIQUE,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    -- The administrator who made it; empty for commands.
    made_by       TEXT,
    -- One link a person and purpose: a newer one takes the place of the one before.
    PRIMARY KEY (user_id, purpose)
);
CREATE INDEX password_links_by_end ON password_links (expires_at);

-- Pages of the audit log, of all, of one person, of one kind of event.
DROP INDEX activity_by_time;
DROP INDEX activity_of_user;
CREATE INDEX activity_by_time ON activity (at, id);
CREATE INDEX activity_of_user ON activity (user_id, at, id);
CREATE INDEX activity_of_event ON activity (event, at, id);
