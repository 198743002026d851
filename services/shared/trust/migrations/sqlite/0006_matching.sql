-- Every batch of tokens that another bureau asked about, and every refusal. No tokens are kept.
CREATE TABLE match_batch (
    id        BLOB   NOT NULL PRIMARY KEY,
    at_micros BIGINT NOT NULL,
    agreement TEXT   NOT NULL,
    consumer  TEXT   NOT NULL,
    purpose   TEXT   NOT NULL,
    question  TEXT   NOT NULL,
    as_of     TEXT   NOT NULL,
    tokens    BIGINT NOT NULL,
    hits      BIGINT NOT NULL,
    refused   TEXT   NOT NULL
);
CREATE INDEX match_batch_by_agreement ON match_batch (agreement, at_micros);
