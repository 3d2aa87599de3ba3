-- The lists of administrators, by name. Each row is read once, and few are in an index.
CREATE INDEX administrators_by_name ON users (username_key) WHERE is_admin;
CREATE INDEX disabled_users_by_name ON users (username_key) WHERE disabled_at IS NOT NULL;
CREATE INDEX invited_users_by_name ON users (username_key) WHERE password_hash = '' AND disabled_at IS NULL;
CREATE INDEX users_without_sign_in_by_name ON users (username_key) WHERE NOT has_signed_in;
