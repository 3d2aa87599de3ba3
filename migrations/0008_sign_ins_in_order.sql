-- Sign-ins of one millisecond are told apart by their ids. With these behind, an index gives the newest sign-ins of
-- a person in their whole order; without, SQLite sorted them for every dashboard.
DROP INDEX sessions_of_user;
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
DROP INDEX new_devices_of_user;
CREATE INDEX new_devices_of_user ON sessions (user_id, created_at, id) WHERE new_device AND recognised_at IS NULL;
