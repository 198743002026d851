-- 社区养老服务设施: identity here, dated facts with their service area beside it.
CREATE TABLE facility (
    id      BLOB   NOT NULL PRIMARY KEY,
    -- Name, region and county of the newest facts, for matching and for the scope of a caller.
    name    TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    county  TEXT   NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX facility_by_name ON facility (name, region);

CREATE TABLE facility_facts (
    facility_id   BLOB    NOT NULL REFERENCES facility (id),
    valid_from    TEXT    NOT NULL,
    valid_to      TEXT,
    name          TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    region        TEXT    NOT NULL,
    county        TEXT    NOT NULL,
    operator_org  TEXT    NOT NULL,
    operator_type TEXT    NOT NULL,
    -- Codes with a comma between them.
    services      TEXT    NOT NULL,
    has_day_care  BOOLEAN NOT NULL,
    day_beds      BIGINT  NOT NULL,
    full_beds     BIGINT  NOT NULL,
    area_cm2      BIGINT  NOT NULL,
    state         TEXT    NOT NULL,
    opened_on     TEXT,
    -- The service area as one text, to be read with its facts; facility_village has it as rows, to be counted.
    service_area  TEXT    NOT NULL,
    PRIMARY KEY (facility_id, valid_from)
);

-- Villages that a facility serves while the facts that begin on valid_from hold.
CREATE TABLE facility_village (
    facility_id BLOB NOT NULL REFERENCES facility (id),
    valid_from  TEXT NOT NULL,
    village     TEXT NOT NULL,
    PRIMARY KEY (facility_id, valid_from, village)
);
