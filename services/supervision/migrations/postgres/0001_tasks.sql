-- 任务台账: what changes about the plan's tasks; their text and units stay in the plan.
CREATE TABLE ledger_task (
    id            UUID   NOT NULL PRIMARY KEY,
    number        BIGINT NOT NULL UNIQUE,
    -- The city's own code.
    region        TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    start_on      TEXT   NOT NULL,
    due_on        TEXT   NOT NULL,
    due_from      TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    leader        TEXT   NOT NULL,
    measures      TEXT   NOT NULL,
    -- 人工定灯; the lamp itself is computed and never stored.
    lamp_override TEXT,
    lamp_reason   TEXT   NOT NULL,
    applied_by    TEXT,
    applied_on    TEXT,
    closed_on     TEXT,
    version       BIGINT NOT NULL
);

CREATE TABLE task_goal (
    task_id UUID   NOT NULL REFERENCES ledger_task (id),
    year    BIGINT NOT NULL,
    goal    TEXT   NOT NULL,
    weight  BIGINT NOT NULL,
    PRIMARY KEY (task_id, year)
);

-- One report per unit and month; what an earlier filing said is in the history.
CREATE TABLE task_progress (
    task_id          UUID   NOT NULL REFERENCES ledger_task (id),
    unit             TEXT   NOT NULL,
    month            TEXT   NOT NULL,
    percent          BIGINT,
    progress         TEXT   NOT NULL,
    problem          TEXT   NOT NULL,
    next_step        TEXT   NOT NULL,
    filed_by         TEXT   NOT NULL,
    filed_at         BIGINT NOT NULL,
    on_behalf_reason TEXT   NOT NULL,
    PRIMARY KEY (task_id, unit, month)
);

CREATE TABLE task_summary (
    task_id  UUID   NOT NULL REFERENCES ledger_task (id),
    month    TEXT   NOT NULL,
    percent  BIGINT,
    summary  TEXT   NOT NULL,
    filed_by TEXT   NOT NULL,
    filed_at BIGINT NOT NULL,
    PRIMARY KEY (task_id, month)
);

CREATE TABLE task_adjustment (
    id              UUID   NOT NULL PRIMARY KEY,
    task_id         UUID   NOT NULL REFERENCES ledger_task (id),
    kind            TEXT   NOT NULL,
    due_on          TEXT,
    year            BIGINT NOT NULL,
    goal            TEXT   NOT NULL,
    verdict         TEXT   NOT NULL,
    reason          TEXT   NOT NULL,
    document_number TEXT   NOT NULL,
    proposer        TEXT   NOT NULL,
    proposed_by     TEXT   NOT NULL,
    decided_by      TEXT   NOT NULL
);
CREATE INDEX task_adjustment_by_task ON task_adjustment (task_id, id);

-- Files that prove a task or a work entry; never changed.
CREATE TABLE task_evidence (
    id              UUID   NOT NULL PRIMARY KEY,
    -- The task or the work entry.
    record_id       UUID   NOT NULL,
    region          TEXT   NOT NULL,
    title           TEXT   NOT NULL,
    document_number TEXT   NOT NULL,
    dated_on        TEXT   NOT NULL,
    file_name       TEXT   NOT NULL,
    sha256          TEXT   NOT NULL,
    size            BIGINT NOT NULL,
    content         BYTEA  NOT NULL,
    added_by        TEXT   NOT NULL
);
CREATE INDEX task_evidence_by_record ON task_evidence (record_id, id);
