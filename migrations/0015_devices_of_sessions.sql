-- The browser of a session (`devices`, 0016). NULL if it was started with an access key, or by a server of an older
-- version. The name is a copy: every page that shows a session shows it.
ALTER TABLE sessions ADD COLUMN device_id TEXT;
ALTER TABLE sessions ADD COLUMN device_name TEXT NOT NULL DEFAULT '';
