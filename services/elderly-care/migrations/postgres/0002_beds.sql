-- 床位: there from built_on up to but not including closed_on; type, nature and status are dated.
CREATE TABLE bed (
    id             UUID   NOT NULL PRIMARY KEY,
    institution_id UUID   NOT NULL REFERENCES institution (id),
    room_no        TEXT   NOT NULL,
    bed_no         TEXT   NOT NULL,
    -- Number in the system of record: one bed stands in one institution.
    bed_code       TEXT   UNIQUE,
    built_on       TEXT   NOT NULL,
    closed_on      TEXT,
    version        BIGINT NOT NULL
);
CREATE INDEX bed_by_place ON bed (institution_id, room_no, bed_no);

CREATE TABLE bed_facts (
    bed_id        UUID NOT NULL REFERENCES bed (id),
    valid_from    TEXT NOT NULL,
    valid_to      TEXT,
    type          TEXT NOT NULL,
    nature        TEXT NOT NULL,
    status        TEXT NOT NULL,
    recognised_on TEXT,
    PRIMARY KEY (bed_id, valid_from)
);
