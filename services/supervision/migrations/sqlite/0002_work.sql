-- Types of work as the plan in force has them; filled at start from the city's data.
CREATE TABLE work_type (
    code        TEXT NOT NULL PRIMARY KEY,
    -- Data element that accepted entries add to; empty for most.
    element     TEXT NOT NULL,
    -- The city's own code: the row of an element's total.
    plan_region TEXT NOT NULL
);
-- The tasks that a type proves.
CREATE TABLE work_type_task (
    type   TEXT   NOT NULL REFERENCES work_type (code),
    number BIGINT NOT NULL,
    PRIMARY KEY (type, number)
);

-- 工作清单.
CREATE TABLE work_entry (
    id              BLOB   NOT NULL PRIMARY KEY,
    type            TEXT   NOT NULL REFERENCES work_type (code),
    title           TEXT   NOT NULL,
    unit            TEXT   NOT NULL,
    region          TEXT   NOT NULL,
    -- The county that counts it; empty for the city's own work.
    county          TEXT   NOT NULL,
    quantity        BIGINT NOT NULL,
    dated_on        TEXT   NOT NULL,
    document_number TEXT   NOT NULL,
    -- The task it proves; 0: every task that its type proves.
    task_number     BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    -- User id of who wrote it last, and as people read it.
    author_id       TEXT   NOT NULL,
    written_by      TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    UNIQUE (type, unit, region, dated_on, title)
);
