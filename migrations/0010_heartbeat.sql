-- One row that a server with a file raises once a minute, and then in a file beside it: a database file that was
-- put back from before is behind its neighbour. PostgreSQL leaves it at rest.
CREATE TABLE heartbeat (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    beats    BIGINT  NOT NULL,
    -- A time that the clock has certainly reached; 0 where none is known yet.
    known_at BIGINT  NOT NULL
);
INSERT INTO heartbeat (id, beats, known_at) VALUES (1, 0, 0);
