-- People: what names them is sealed under a key outside the database, and found by a keyed hash.
CREATE TABLE person (
    id          BLOB   NOT NULL PRIMARY KEY,
    key_id      TEXT   NOT NULL,
    sealed      BLOB   NOT NULL,
    merged_into BLOB,
    erased_at   BIGINT
);
CREATE INDEX person_by_key ON person (key_id, id);

CREATE TABLE person_document (
    lookup    BLOB NOT NULL PRIMARY KEY,
    key_id    TEXT NOT NULL,
    person_id BLOB NOT NULL
);
CREATE INDEX person_document_by_person ON person_document (person_id);
CREATE INDEX person_document_by_key ON person_document (key_id, person_id);

-- Who looked at whom: appended, never changed.
CREATE TABLE person_access (
    id        BLOB   NOT NULL PRIMARY KEY,
    person_id BLOB   NOT NULL,
    at_micros BIGINT NOT NULL,
    user_id   TEXT   NOT NULL,
    user_name TEXT   NOT NULL,
    act       TEXT   NOT NULL,
    purpose   TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    fields    TEXT   NOT NULL
);
CREATE INDEX person_access_by_person ON person_access (person_id, id);
CREATE INDEX person_access_by_user ON person_access (user_id, id);
CREATE INDEX person_access_by_act ON person_access (user_id, act, at_micros);
