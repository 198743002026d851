-- 课程: one code is one course of the region that set it up.
CREATE TABLE course (
    id       UUID   NOT NULL PRIMARY KEY,
    region   TEXT   NOT NULL,
    code     TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    category TEXT   NOT NULL,
    mode     TEXT   NOT NULL,
    hours    BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    UNIQUE (region, code)
);

CREATE TABLE teacher (
    id        UUID   NOT NULL PRIMARY KEY,
    school_id UUID   NOT NULL REFERENCES school (id),
    name      TEXT   NOT NULL,
    title     TEXT   NOT NULL,
    status    TEXT   NOT NULL,
    version   BIGINT NOT NULL,
    UNIQUE (school_id, name)
);

-- 教学班: a course given by a school in a term.
CREATE TABLE class (
    id           UUID   NOT NULL PRIMARY KEY,
    school_id    UUID   NOT NULL REFERENCES school (id),
    course_id    UUID   NOT NULL REFERENCES course (id),
    term         TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    capacity     BIGINT NOT NULL,
    enrolled     BIGINT NOT NULL,
    teacher_name TEXT   NOT NULL,
    schedule     TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    UNIQUE (school_id, course_id, term, name)
);
CREATE INDEX class_by_term ON class (term, school_id);
