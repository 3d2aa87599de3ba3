-- The keys that sign access tokens. The private part is sealed with a key that is not in the database.
CREATE TABLE signing_keys (
    -- The `kid` of its tokens.
    id          TEXT    NOT NULL PRIMARY KEY,
    -- Names the sealing key without revealing it. Under another one the row is of no use.
    sealed_by   TEXT    NOT NULL,
    -- Counts the keys under one sealing key. Of two servers that make the next one at once, one is refused.
    number      BIGINT  NOT NULL,
    -- PKCS #8, sealed.
    sealed_key  TEXT    NOT NULL,
    -- The uncompressed point, in base64url.
    public_key  TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    -- From then on it signs, and its predecessor does not.
    signs_from  BIGINT  NOT NULL,
    UNIQUE (sealed_by, number)
);
