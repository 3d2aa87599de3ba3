-- The same by email.
-- A file of its own: while PostgreSQL makes an index of accounts nobody can sign in, and a request waits for 4 seconds.
CREATE INDEX users_without_words_by_email ON users (email_key, id) WHERE words_of IS DISTINCT FROM
    (username_key || ' ' || COALESCE(email_key, '') || ' ' || COALESCE(display_name_key, ''));
