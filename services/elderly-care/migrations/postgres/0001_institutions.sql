-- 养老机构: identity, newest operating state and newest grade here, dated facts and states beside it.
CREATE TABLE institution (
    id            UUID   NOT NULL PRIMARY KEY,
    uscc          TEXT   UNIQUE,
    -- Name, region and county of the newest facts, for matching and for the scope of a caller.
    name          TEXT   NOT NULL,
    region        TEXT   NOT NULL,
    county        TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    state_since   TEXT   NOT NULL,
    -- The day the first elder was taken in.
    opened_on     TEXT,
    filing_number TEXT,
    filed_on      TEXT,
    -- 等级, valid from the first to the last day, both included.
    grade         TEXT,
    graded_on     TEXT,
    grade_until   TEXT,
    version       BIGINT NOT NULL
);
CREATE INDEX institution_by_name ON institution (name, county);

-- Holds on the days from valid_from up to but not including valid_to.
CREATE TABLE institution_facts (
    institution_id     UUID    NOT NULL REFERENCES institution (id),
    valid_from         TEXT    NOT NULL,
    valid_to           TEXT,
    name               TEXT    NOT NULL,
    ownership          TEXT    NOT NULL,
    legal_type         TEXT    NOT NULL,
    profit_nature      TEXT    NOT NULL,
    region             TEXT    NOT NULL,
    county             TEXT    NOT NULL,
    address            TEXT    NOT NULL,
    established_on     TEXT,
    medical_mode       TEXT    NOT NULL,
    regional_centre    BOOLEAN NOT NULL,
    disabled_care      BOOLEAN NOT NULL,
    smart_pilot        BOOLEAN NOT NULL,
    building_area_cm2  BIGINT  NOT NULL,
    beds_approved      BIGINT  NOT NULL,
    parent_org_uscc    TEXT    NOT NULL,
    reason_no_uscc     TEXT    NOT NULL,
    source_id          TEXT    NOT NULL,
    PRIMARY KEY (institution_id, valid_from)
);

CREATE TABLE institution_state (
    institution_id UUID NOT NULL REFERENCES institution (id),
    valid_from     TEXT NOT NULL,
    valid_to       TEXT,
    state          TEXT NOT NULL,
    PRIMARY KEY (institution_id, valid_from)
);
