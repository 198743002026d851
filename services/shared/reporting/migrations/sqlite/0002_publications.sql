-- Streams of this bureau; the one with the highest number is current. A new one begins when the database comes back
-- from a backup.
CREATE TABLE publication_sequence (
    stream_id         BLOB   NOT NULL PRIMARY KEY,
    number            BIGINT NOT NULL UNIQUE,
    last_sequence     BIGINT NOT NULL,
    last_hash         BLOB   NOT NULL,
    last_published_at BIGINT NOT NULL
);

-- Signed envelopes, for ever.
CREATE TABLE publication (
    stream_id    BLOB   NOT NULL REFERENCES publication_sequence (stream_id),
    sequence     BIGINT NOT NULL,
    form         TEXT   NOT NULL,
    period       TEXT   NOT NULL,
    -- What an unchanged content is recognised by: document/<type>, printed/<kind>/<reason>; empty for reports.
    subject      TEXT   NOT NULL,
    envelope     BLOB   NOT NULL,
    payload_hash BLOB   NOT NULL,
    PRIMARY KEY (stream_id, sequence)
);
CREATE INDEX publication_subject ON publication (stream_id, subject, sequence);
CREATE TRIGGER publication_kept BEFORE UPDATE ON publication
BEGIN SELECT RAISE(ABORT, 'a publication is never changed'); END;
CREATE TRIGGER publication_never_removed BEFORE DELETE ON publication
BEGIN SELECT RAISE(ABORT, 'a publication is never removed'); END;

-- Answers to calls that carried an idempotency key. A re-issued stream keeps its sequences, so the sequence suffices.
CREATE TABLE publication_request (
    idempotency_key TEXT   NOT NULL PRIMARY KEY,
    fingerprint     BLOB   NOT NULL,
    sequence        BIGINT NOT NULL
);
