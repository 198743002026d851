-- Streams of this bureau; the one with the highest number is current. A new one begins when the database comes back
-- from a backup.
CREATE TABLE publication_sequence (
    stream_id         UUID   NOT NULL PRIMARY KEY,
    number            BIGINT NOT NULL UNIQUE,
    last_sequence     BIGINT NOT NULL,
    last_hash         BYTEA  NOT NULL,
    last_published_at BIGINT NOT NULL
);

-- Signed envelopes, for ever.
CREATE TABLE publication (
    stream_id    UUID   NOT NULL REFERENCES publication_sequence (stream_id),
    sequence     BIGINT NOT NULL,
    form         TEXT   NOT NULL,
    period       TEXT   NOT NULL,
    -- What an unchanged content is recognised by: document/<type>, printed/<kind>/<reason>; empty for reports.
    subject      TEXT   NOT NULL,
    envelope     BYTEA  NOT NULL,
    payload_hash BYTEA  NOT NULL,
    PRIMARY KEY (stream_id, sequence)
);
CREATE INDEX publication_subject ON publication (stream_id, subject, sequence);
CREATE FUNCTION publication_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of publication are never changed and never removed'; END $$;
CREATE TRIGGER publication_kept BEFORE UPDATE OR DELETE ON publication
FOR EACH ROW EXECUTE FUNCTION publication_kept();
CREATE TRIGGER publication_never_emptied BEFORE TRUNCATE ON publication
FOR EACH STATEMENT EXECUTE FUNCTION publication_kept();

-- Answers to calls that carried an idempotency key. A re-issued stream keeps its sequences, so the sequence suffices.
CREATE TABLE publication_request (
    idempotency_key TEXT   NOT NULL PRIMARY KEY,
    fingerprint     BYTEA  NOT NULL,
    sequence        BIGINT NOT NULL
);
