-- The name that a person gives to a browser ("Ada's phone"), and the id by which its sessions name it: the digest
-- changes when somebody else signs in in that browser. The id is that of a session in it; NULL until the next sign-in,
-- or until the server has matched a browser of an older version to its session.
ALTER TABLE devices ADD COLUMN id TEXT;
ALTER TABLE devices ADD COLUMN name TEXT NOT NULL DEFAULT '';
