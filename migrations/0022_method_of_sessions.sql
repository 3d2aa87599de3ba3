-- What started it, if that was neither a password nor an access key. NULL otherwise, and if a server of an older version
-- started it.
ALTER TABLE sessions ADD COLUMN method TEXT;
