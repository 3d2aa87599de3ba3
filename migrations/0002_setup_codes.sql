-- The one-time code with which the first account is made in a browser.

CREATE TABLE setup_codes (
    -- One code at a time: a newer one takes the place of the one before.
    purpose     TEXT   NOT NULL PRIMARY KEY CHECK (purpose = 'first_account'),
    -- SHA-256 of the code: whoever reads the database cannot make the account.
    code_digest TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
