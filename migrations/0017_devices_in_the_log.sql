-- The name of the browser in which it happened, as it was called then.
ALTER TABLE activity ADD COLUMN device_name TEXT;
