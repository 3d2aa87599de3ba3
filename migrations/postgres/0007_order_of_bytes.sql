-- What is searched by its beginning is kept in the order of its bytes, as in SQLite: only then can an index
-- find it, whatever language the database was made for.
ALTER TABLE users ALTER COLUMN username_key TYPE TEXT COLLATE "C";
ALTER TABLE users ALTER COLUMN email_key TYPE TEXT COLLATE "C";
ALTER TABLE users ALTER COLUMN display_name_key TYPE TEXT COLLATE "C";
-- Its ids begin with the time, and are followed by their order.
ALTER TABLE activity ALTER COLUMN id TYPE TEXT COLLATE "C";
