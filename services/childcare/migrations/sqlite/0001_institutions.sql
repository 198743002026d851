-- 托育机构: identity and newest filing here, dated facts and filing states beside it.
CREATE TABLE institution (
    id                BLOB   NOT NULL PRIMARY KEY,
    uscc              TEXT   UNIQUE,
    -- Name, region and county of the newest facts, for matching and for the scope of a caller.
    name              TEXT   NOT NULL,
    region            TEXT   NOT NULL,
    county            TEXT   NOT NULL,
    filing_state      TEXT   NOT NULL,
    filing_since      TEXT   NOT NULL,
    filing_number     TEXT   NOT NULL,
    filing_answer_due TEXT,
    version           BIGINT NOT NULL
);
CREATE INDEX institution_by_name ON institution (name, county);

-- Holds on the days from valid_from up to but not including valid_to.
CREATE TABLE institution_facts (
    institution_id  BLOB    NOT NULL REFERENCES institution (id),
    valid_from      TEXT    NOT NULL,
    valid_to        TEXT,
    name            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    ownership       TEXT    NOT NULL,
    legal_type      TEXT    NOT NULL,
    region          TEXT    NOT NULL,
    county          TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    opened_on       TEXT    NOT NULL,
    operating       BOOLEAN NOT NULL,
    smart_pilot     BOOLEAN NOT NULL,
    parent_org_uscc TEXT    NOT NULL,
    reason_no_uscc  TEXT    NOT NULL,
    source_id       TEXT    NOT NULL,
    PRIMARY KEY (institution_id, valid_from)
);

CREATE TABLE institution_filing (
    institution_id BLOB NOT NULL REFERENCES institution (id),
    valid_from     TEXT NOT NULL,
    valid_to       TEXT,
    state          TEXT NOT NULL,
    PRIMARY KEY (institution_id, valid_from)
);

-- Valid from the first to the last day, both included; a revoked one no longer from revoked_on.
CREATE TABLE designation (
    id              BLOB   NOT NULL PRIMARY KEY,
    institution_id  BLOB   NOT NULL REFERENCES institution (id),
    kind            TEXT   NOT NULL,
    level           TEXT   NOT NULL,
    valid_from      TEXT   NOT NULL,
    valid_to        TEXT,
    revoked_on      TEXT,
    places          BIGINT NOT NULL,
    fee_ceiling_fen BIGINT NOT NULL,
    document_number TEXT   NOT NULL
);
CREATE INDEX designation_by_institution ON designation (institution_id, kind);
