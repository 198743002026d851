-- 班级: open from opened_on up to but not including closed_on; kind and places are dated.
CREATE TABLE class (
    id             UUID   NOT NULL PRIMARY KEY,
    institution_id UUID   NOT NULL REFERENCES institution (id),
    name           TEXT   NOT NULL,
    opened_on      TEXT   NOT NULL,
    closed_on      TEXT,
    version        BIGINT NOT NULL
);
CREATE INDEX class_by_institution ON class (institution_id, name);

CREATE TABLE class_facts (
    class_id   UUID   NOT NULL REFERENCES class (id),
    valid_from TEXT   NOT NULL,
    valid_to   TEXT,
    kind       TEXT   NOT NULL,
    places     BIGINT NOT NULL,
    PRIMARY KEY (class_id, valid_from)
);
