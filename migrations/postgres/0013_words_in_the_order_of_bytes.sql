-- Created before the migration for both databases, which finds it: words are searched by their beginning, so they are
-- kept in the order of bytes, as in SQLite (see 0007).
CREATE TABLE user_words (
    word    TEXT COLLATE "C" NOT NULL,
    user_id TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    repeats BIGINT NOT NULL,
    PRIMARY KEY (word, user_id, repeats)
);
