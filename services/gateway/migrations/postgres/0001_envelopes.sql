-- What the gateway has received, as received: the signed bytes. Nothing here is ever changed; a stream that was given
-- up after a restore keeps its rows under its own stream id.
CREATE TABLE follow_position (
    bureau        TEXT PRIMARY KEY,
    stream_id     TEXT NOT NULL,
    sequence      BIGINT NOT NULL,
    hash          BYTEA NOT NULL,
    published_at  BIGINT NOT NULL,
    last_contact  BIGINT NOT NULL,
    diverged      TEXT NOT NULL
);
CREATE TABLE envelope (
    bureau        TEXT NOT NULL,
    stream_id     TEXT NOT NULL,
    sequence      BIGINT NOT NULL,
    received_at   BIGINT NOT NULL,
    bytes         BYTEA NOT NULL,
    PRIMARY KEY (bureau, stream_id, sequence)
);
CREATE FUNCTION envelope_is_final() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an envelope never changes'; END $$;
CREATE TRIGGER envelope_is_final BEFORE UPDATE ON envelope FOR EACH ROW EXECUTE FUNCTION envelope_is_final();
