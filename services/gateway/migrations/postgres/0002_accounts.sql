-- Who may sign in. What a person may do is not here: every bureau keeps its own grants.
CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    unit          TEXT NOT NULL,     -- as people write it: 红塔区, 市财政局
    region        TEXT NOT NULL,     -- the region of the unit: its administrators administer the account
    password      TEXT NOT NULL,     -- argon2id, PHC string
    must_change   BOOLEAN NOT NULL,  -- the password was set by somebody else
    failed        BIGINT NOT NULL,   -- wrong passwords in a row
    locked_until  BIGINT NOT NULL,   -- microseconds; 0: not locked
    disabled      BOOLEAN NOT NULL,
    created_by    TEXT NOT NULL,     -- account; empty: the set-up
    created_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL
);
CREATE INDEX account_by_region ON account (region, id);

-- A signed-in browser. The cookie holds a secret, this table its SHA-256: who reads the table can be nobody.
CREATE TABLE session (
    hash        BYTEA PRIMARY KEY,
    account     TEXT NOT NULL REFERENCES account (id),
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL
);
CREATE INDEX session_by_account ON session (account);

-- What happened to accounts, and who did it. Only ever appended to.
CREATE TABLE account_event (
    id       UUID PRIMARY KEY,
    at       BIGINT NOT NULL,
    account  TEXT NOT NULL,   -- whom it concerns
    actor    TEXT NOT NULL,   -- who did it; empty: nobody who is known
    act      TEXT NOT NULL,   -- SIGNED_IN, SIGN_IN_FAILED, …
    detail   TEXT NOT NULL    -- in Chinese; never a password
);
CREATE INDEX account_event_by_account ON account_event (account, id);
