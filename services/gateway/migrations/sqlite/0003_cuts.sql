-- 数据定版: one sequence per bureau, with a name. Nothing here is ever changed.
CREATE TABLE named_cut (
    id            BLOB   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL UNIQUE,
    period        TEXT   NOT NULL,
    mode          TEXT   NOT NULL CHECK (mode IN ('complete', 'reported', 'carry_forward')),
    entries       TEXT   NOT NULL,  -- JSON: bureau, stream id, sequence
    made_by       TEXT   NOT NULL,
    made_by_name  TEXT   NOT NULL,
    made_at       BIGINT NOT NULL
);

-- 终期评估: why a target was not met, as the office states it.
CREATE TABLE unmet_reason (
    cut_id     BLOB   NOT NULL REFERENCES named_cut (id),
    indicator  TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    by_user    TEXT   NOT NULL,
    by_name    TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (cut_id, indicator)
);

-- Documents as they were issued: the bytes, for ever.
CREATE TABLE issued_document (
    id              BLOB   NOT NULL PRIMARY KEY,
    cut_id          BLOB   NOT NULL REFERENCES named_cut (id),
    title           TEXT   NOT NULL,
    number          TEXT   NOT NULL,
    media_type      TEXT   NOT NULL,
    file_name       TEXT   NOT NULL,
    sha256          TEXT   NOT NULL,
    size            BIGINT NOT NULL,
    bytes           BLOB   NOT NULL,
    issued_by       TEXT   NOT NULL,
    issued_by_name  TEXT   NOT NULL,
    issued_at       BIGINT NOT NULL
);
CREATE INDEX issued_document_by_cut ON issued_document (cut_id, id);
CREATE TRIGGER named_cut_is_final BEFORE UPDATE ON named_cut BEGIN SELECT RAISE(ABORT, 'a cut never changes'); END;
CREATE TRIGGER issued_document_is_final BEFORE UPDATE ON issued_document
BEGIN SELECT RAISE(ABORT, 'an issued document never changes'); END;
