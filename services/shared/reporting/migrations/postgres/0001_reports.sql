-- Reports: one form, one region, one period, one revision. A correction is a new row with the next revision.
CREATE TABLE report (
    id               UUID    NOT NULL PRIMARY KEY,
    form             TEXT    NOT NULL,
    region           TEXT    NOT NULL,
    period           TEXT    NOT NULL,
    revision         BIGINT  NOT NULL,
    state            TEXT    NOT NULL,
    submission       TEXT    NOT NULL,
    version          BIGINT  NOT NULL,
    due_on           TEXT    NOT NULL,
    revision_reason  TEXT    NOT NULL,
    -- The register's change counter when the computed values were taken.
    register_counter BIGINT,
    UNIQUE (form, period, region, revision)
);

CREATE TABLE report_cell (
    report_id      UUID    NOT NULL REFERENCES report (id),
    position       BIGINT  NOT NULL,
    element        TEXT    NOT NULL,
    computed       BIGINT,
    reported       BIGINT,
    basis          TEXT    NOT NULL,
    note           TEXT    NOT NULL,
    fault          TEXT    NOT NULL,
    not_applicable BOOLEAN NOT NULL,
    PRIMARY KEY (report_id, element)
);

CREATE TABLE report_finding (
    report_id   UUID    NOT NULL REFERENCES report (id),
    position    BIGINT  NOT NULL,
    check_id    TEXT    NOT NULL,
    hard        BOOLEAN NOT NULL,
    message     TEXT    NOT NULL,
    elements    TEXT    NOT NULL, -- codes, separated by commas
    explanation TEXT    NOT NULL,
    PRIMARY KEY (report_id, position)
);

-- The number of an act is the report's version after it.
CREATE TABLE report_act (
    report_id UUID   NOT NULL REFERENCES report (id),
    number    BIGINT NOT NULL,
    act       TEXT   NOT NULL,
    user_id   TEXT   NOT NULL,
    user_name TEXT   NOT NULL,
    role      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    reason    TEXT   NOT NULL,
    PRIMARY KEY (report_id, number)
);
CREATE FUNCTION report_act_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of report_act are never changed and never removed'; END $$;
CREATE TRIGGER report_act_kept BEFORE UPDATE OR DELETE ON report_act
FOR EACH ROW EXECUTE FUNCTION report_act_kept();
CREATE TRIGGER report_act_never_emptied BEFORE TRUNCATE ON report_act
FOR EACH STATEMENT EXECUTE FUNCTION report_act_kept();

-- Which value counts for a computed element in a region, where it is not BOTH: REPORTED or REGISTER.
CREATE TABLE basis (
    element TEXT NOT NULL,
    region  TEXT NOT NULL,
    basis   TEXT NOT NULL CHECK (basis IN ('REPORTED', 'BOTH', 'REGISTER')),
    PRIMARY KEY (element, region)
);
