-- 老年学校: identity and state here, dated facts and states beside it; history is the registry's.
CREATE TABLE school (
    id      UUID   NOT NULL PRIMARY KEY,
    -- Name, tier, region and county of the newest facts, for matching and for the scope of a caller.
    name    TEXT   NOT NULL,
    tier    TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    county  TEXT   NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX school_by_name ON school (name, county);

-- Holds on the days from valid_from up to but not including valid_to.
CREATE TABLE school_facts (
    school_id   UUID    NOT NULL REFERENCES school (id),
    valid_from  TEXT    NOT NULL,
    valid_to    TEXT,
    name        TEXT    NOT NULL,
    tier        TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    county      TEXT    NOT NULL,
    host_org    TEXT    NOT NULL,
    host_kind   TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    area_cm2    BIGINT  NOT NULL,
    opened_on   TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    has_sign    BOOLEAN NOT NULL,
    has_place   BOOLEAN NOT NULL,
    has_teacher BOOLEAN NOT NULL,
    has_course  BOOLEAN NOT NULL,
    activities  BIGINT  NOT NULL,
    -- Open and meeting the checklist: decided by the rules when the facts are saved.
    established BOOLEAN NOT NULL,
    PRIMARY KEY (school_id, valid_from)
);

-- 示范: valid from the first to the last day, both included; a revoked one no longer from revoked_on.
CREATE TABLE demonstration (
    id              UUID NOT NULL PRIMARY KEY,
    school_id       UUID NOT NULL REFERENCES school (id),
    level           TEXT NOT NULL,
    valid_from      TEXT NOT NULL,
    valid_to        TEXT,
    revoked_on      TEXT,
    document_number TEXT NOT NULL
);
CREATE INDEX demonstration_by_school ON demonstration (school_id);
