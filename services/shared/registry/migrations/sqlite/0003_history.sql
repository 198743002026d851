-- What happened to the records of this service: appended, never overwritten.
CREATE TABLE record_history (
    id              BLOB   NOT NULL PRIMARY KEY,
    record_id       BLOB   NOT NULL,
    at_micros       BIGINT NOT NULL,
    effective_on    TEXT   NOT NULL,
    from_state      TEXT   NOT NULL,
    to_state        TEXT   NOT NULL,
    by_user         TEXT   NOT NULL,
    reason          TEXT   NOT NULL,
    document_number TEXT   NOT NULL
);
CREATE INDEX record_history_by_record ON record_history (record_id, id);
