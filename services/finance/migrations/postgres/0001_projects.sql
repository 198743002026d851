-- 重大项目. The stage column repeats the furthest of project_stage, for filters.
CREATE TABLE project (
    id                  UUID    NOT NULL PRIMARY KEY,
    -- The plan that prints it and its number there; empty and NULL for a project that came later.
    plan_id             TEXT    NOT NULL,
    number              BIGINT,
    printed_flags       TEXT    NOT NULL,
    code                TEXT    UNIQUE,
    name                TEXT    NOT NULL,
    category            TEXT    NOT NULL,
    project_type        TEXT    NOT NULL,
    region              TEXT    NOT NULL,
    county              TEXT    NOT NULL,
    location            TEXT    NOT NULL,
    content             TEXT    NOT NULL,
    start_year          BIGINT  NOT NULL,
    end_year            BIGINT  NOT NULL,
    -- Last days of being on time, derived from the years and the planned completion, for filters.
    start_due           TEXT    NOT NULL,
    complete_due        TEXT    NOT NULL,
    planned_complete_on TEXT,
    total_fen           BIGINT  NOT NULL,
    central_planned_fen BIGINT  NOT NULL,
    responsible         TEXT    NOT NULL,
    beds                BIGINT  NOT NULL,
    nursing_beds        BIGINT  NOT NULL,
    places              BIGINT  NOT NULL,
    area_cm2            BIGINT  NOT NULL,
    land                TEXT    NOT NULL,
    stage               TEXT    NOT NULL,
    course              TEXT    NOT NULL,
    course_since        TEXT    NOT NULL,
    adjusted            BOOLEAN NOT NULL,
    version             BIGINT  NOT NULL,
    UNIQUE (plan_id, number),
    UNIQUE (county, name)
);
CREATE INDEX project_by_name ON project (name);

CREATE TABLE project_stage (
    project_id      UUID NOT NULL REFERENCES project (id),
    stage           TEXT NOT NULL,
    reached_on      TEXT NOT NULL,
    document_number TEXT NOT NULL,
    PRIMARY KEY (project_id, stage)
);
