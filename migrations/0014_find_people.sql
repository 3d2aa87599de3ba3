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
-- from before, and for those that a server of the previous version changes meanwhile.
ALTER TABLE users ADD COLUMN words_of TEXT;
CREATE INDEX users_without_words ON users (id) WHERE words_of IS DISTINCT FROM
    (username_key || ' ' || COALESCE(email_key, '') || ' ' || COALESCE(display_name_key, ''));

-- Until then they are found as before: by the beginning of each name.
INSERT INTO user_words (word, user_id, repeats)
SELECT username_key, id, 0 FROM users
UNION SELECT email_key, id, 0 FROM users WHERE email_key IS NOT NULL
UNION SELECT display_name_key, id, 0 FROM users WHERE display_name_key IS NOT NULL;

-- NULL if unknown.
ALTER TABLE users ADD COLUMN last_sign_in_at BIGINT;
-- A column of its own for the index: one on the time would be written at each sign-in.
ALTER TABLE users ADD COLUMN has_signed_in BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET last_sign_in_at = (SELECT MAX(s.created_at) FROM sessions s WHERE s.user_id = users.id);
UPDATE users SET last_sign_in_at = (SELECT MAX(d.last_used_at) FROM devices d WHERE d.user_id = users.id)
WHERE COALESCE(last_sign_in_at, 0) < (SELECT MAX(d.last_used_at) FROM devices d WHERE d.user_id = users.id);
UPDATE users SET has_signed_in = TRUE WHERE last_sign_in_at IS NOT NULL;

-- The lists of administrators, by name.
CREATE INDEX administrators_by_name ON users (username_key) WHERE is_admin;
CREATE INDEX disabled_users_by_name ON users (username_key) WHERE disabled_at IS NOT NULL;
CREATE INDEX invited_users_by_name ON users (username_key) WHERE password_hash = '' AND disabled_at IS NULL;
CREATE INDEX users_without_sign_in_by_name ON users (username_key) WHERE NOT has_signed_in;

-- Usernames that an account had before. Nobody else gets one while the account exists: an application may know its
-- owner by it.
CREATE TABLE given_up_names (
    username_key TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    username     TEXT   NOT NULL,
    given_up_at  BIGINT NOT NULL
);
CREATE INDEX given_up_names_of_user ON given_up_names (user_id);

-- What the account was called before it was renamed.
ALTER TABLE activity ADD COLUMN previous_name TEXT;
