-- The name of the browser in which it happened, as it was called then.
ALTER TABLE activity ADD COLUMN device_name TEXT;
-- What the account was called before it was renamed.
ALTER TABLE activity ADD COLUMN previous_name TEXT;
