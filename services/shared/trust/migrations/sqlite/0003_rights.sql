-- 共享授权: another bureau's right to call one of this service's methods for a purpose.
CREATE TABLE access_right (
    id                   BLOB    NOT NULL PRIMARY KEY,
    method               TEXT    NOT NULL,
    consumer             TEXT    NOT NULL,
    purpose              TEXT    NOT NULL,
    -- Names of fields, by commas; empty: all.
    fields               TEXT    NOT NULL,
    basis                TEXT    NOT NULL,
    valid_until          TEXT,
    state                TEXT    NOT NULL,
    catalogue_number     TEXT    NOT NULL DEFAULT '',
    authorisation_number TEXT    NOT NULL DEFAULT '',
    -- From access-rights.toml, which still has it.
    seeded               BOOLEAN NOT NULL DEFAULT FALSE,
    applied_by           TEXT    NOT NULL,
    applied_at           BIGINT  NOT NULL,
    checked_by           TEXT,
    checked_at           BIGINT,
    reviewed_by          TEXT,
    reviewed_at          BIGINT,
    granted_by           TEXT,
    granted_at           BIGINT,
    idempotency_key      TEXT    NOT NULL UNIQUE
);
-- One application on its way, and one right in force.
CREATE UNIQUE INDEX access_right_pending ON access_right (method, consumer, purpose)
    WHERE state IN ('APPLIED', 'CHECKED', 'REVIEWED');
CREATE UNIQUE INDEX access_right_in_force ON access_right (method, consumer, purpose)
    WHERE state IN ('GRANTED', 'SUSPENDED');

-- What was done with rights: appended, never changed.
CREATE TABLE access_right_act (
    id         BLOB   NOT NULL PRIMARY KEY,
    right_id   BLOB   NOT NULL REFERENCES access_right (id),
    from_state TEXT   NOT NULL,
    to_state   TEXT   NOT NULL,
    by_user    TEXT   NOT NULL,
    by_name    TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    reason     TEXT   NOT NULL
);
CREATE INDEX access_right_act_of ON access_right_act (right_id, id);
