-- The name that a person gives to a browser ("Ada's phone"), and the id by which its sessions name it: the digest
-- changes when somebody else signs in in that browser. The id is that of a session in it.
ALTER TABLE devices ADD COLUMN id TEXT;
ALTER TABLE devices ADD COLUMN name TEXT NOT NULL DEFAULT '';

-- NULL if it was started with an access key, or by a server of an older version. The name is a copy: every page that
-- shows a session shows it.
ALTER TABLE sessions ADD COLUMN device_id TEXT;
ALTER TABLE sessions ADD COLUMN device_name TEXT NOT NULL DEFAULT '';

-- A sign-in and the use of its browser were recorded in the same millisecond. Of two in one millisecond neither is
-- matched: those browsers get their ids at the next sign-in.
UPDATE devices SET id = (SELECT MIN(s.id) FROM sessions s WHERE s.user_id = devices.user_id
    AND s.created_at = devices.last_used_at AND s.key_id IS NULL HAVING COUNT(*) = 1);
UPDATE sessions SET device_id = id WHERE id IN (SELECT id FROM devices WHERE id IS NOT NULL);
