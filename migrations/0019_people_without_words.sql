-- Accounts without words, or with those of earlier names: the server finds them here, and a search by the beginning of
-- a name.
-- A file of its own: while PostgreSQL makes an index of accounts nobody can sign in, and a request waits for 4 seconds.
CREATE INDEX users_without_words ON users (username_key, id) WHERE words_of IS DISTINCT FROM
    (username_key || ' ' || COALESCE(email_key, '') || ' ' || COALESCE(display_name_key, ''));
