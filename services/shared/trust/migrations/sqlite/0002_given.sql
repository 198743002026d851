-- Who gave a grant and who ended it. What users.toml seeds is marked; a seeded grant that a person ended stays ended.
ALTER TABLE grants ADD COLUMN seeded BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE grants ADD COLUMN given_by TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN given_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN ended_at BIGINT;

-- What was done with grants: appended, never changed.
CREATE TABLE grant_act (
    id       BLOB   NOT NULL PRIMARY KEY,
    user_id  TEXT   NOT NULL,
    role     TEXT   NOT NULL,
    region   TEXT   NOT NULL,
    act      TEXT   NOT NULL,
    by_user  TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    reason   TEXT   NOT NULL
);
