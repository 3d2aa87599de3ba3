-- Accounts are found by words, filtered by their state, and may get another username.

-- The words by which an account is found, folded like `username_key`. All of the row is the key, so that a search reads
-- its index alone. PostgreSQL has the table since 0013.
CREATE TABLE IF NOT EXISTS user_words (
    word    TEXT   NOT NULL,
    user_id TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The bytes that it shares with the word before it of the same account: a search for no more of them has found the
    -- account there.
    repeats BIGINT NOT NULL,
    PRIMARY KEY (word, user_id, repeats)
);
CREATE INDEX words_of_user ON user_words (user_id);

-- The names of which the words were made. The server makes them, because SQL cannot split a name: also for accounts
-- from before, and for those that a server of the previous version changes meanwhile. Until then they are found by the
-- beginning of each name. Indexes of accounts are in files of their own: this one locks them.
ALTER TABLE users ADD COLUMN words_of TEXT;

-- NULL if unknown.
ALTER TABLE users ADD COLUMN last_sign_in_at BIGINT;
-- A column of its own for the index: one on the time would be written at each sign-in. NULL until the server has
-- completed the account, with its words.
ALTER TABLE users ADD COLUMN has_signed_in BOOLEAN;

-- Usernames that an account had before. Nobody else gets one while the account exists: an application may know its
-- owner by it.
CREATE TABLE given_up_names (
    username_key TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    username     TEXT   NOT NULL,
    given_up_at  BIGINT NOT NULL
);
CREATE INDEX given_up_names_of_user ON given_up_names (user_id);
