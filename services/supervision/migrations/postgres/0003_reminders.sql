-- 督办 of tasks that lag, as they were issued; never changed.
CREATE TABLE task_reminder (
    id              UUID   NOT NULL PRIMARY KEY,
    task_id         UUID   NOT NULL REFERENCES ledger_task (id),
    step            TEXT   NOT NULL,
    issued_on       TEXT   NOT NULL,
    issued_at       BIGINT NOT NULL,
    document_number TEXT   NOT NULL,
    text            TEXT   NOT NULL,
    answer_by       TEXT   NOT NULL,
    issued_by       TEXT   NOT NULL
);
CREATE INDEX task_reminder_by_task ON task_reminder (task_id, id);
