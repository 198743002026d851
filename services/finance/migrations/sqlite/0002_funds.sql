-- 项目资金: appended, never edited. A negative amount takes back so much of the entry named by reverses_id.
CREATE TABLE fund_entry (
    id              BLOB   NOT NULL PRIMARY KEY,
    project_id      BLOB   NOT NULL REFERENCES project (id),
    source          TEXT   NOT NULL,
    step            TEXT   NOT NULL,
    amount_fen      BIGINT NOT NULL,
    entry_on        TEXT   NOT NULL,
    document_number TEXT   NOT NULL,
    note            TEXT   NOT NULL,
    recorded_by     TEXT   NOT NULL,
    reverses_id     BLOB   REFERENCES fund_entry (id)
);
CREATE INDEX fund_entry_by_project ON fund_entry (project_id, source, step);
CREATE INDEX fund_entry_by_reversed ON fund_entry (reverses_id);
