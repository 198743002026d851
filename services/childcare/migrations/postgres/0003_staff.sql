-- 从业人员: a person's post at an institution, held from hired_on up to but not including left_on; role and certificate are
-- dated. Who the person is is sealed in the table person.
CREATE TABLE staff (
    id             UUID   NOT NULL PRIMARY KEY,
    institution_id UUID   NOT NULL REFERENCES institution (id),
    person_id      UUID   NOT NULL,
    hired_on       TEXT   NOT NULL,
    left_on        TEXT,
    version        BIGINT NOT NULL,
    UNIQUE (institution_id, person_id, hired_on)
);
CREATE INDEX staff_by_person ON staff (person_id);

CREATE TABLE staff_facts (
    staff_id           UUID    NOT NULL REFERENCES staff (id),
    valid_from         TEXT    NOT NULL,
    valid_to           TEXT,
    role               TEXT    NOT NULL,
    on_floor           BOOLEAN NOT NULL,
    certificate        TEXT    NOT NULL,
    certificate_number TEXT    NOT NULL,
    certificate_until  TEXT,
    health_checked_on  TEXT,
    clean_record_on    TEXT,
    PRIMARY KEY (staff_id, valid_from)
);
