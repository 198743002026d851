-- What the gateway has received, as received: the signed bytes. Nothing here is ever changed; a stream that was given
-- up after a restore keeps its rows under its own stream id.
CREATE TABLE follow_position (
    bureau        TEXT PRIMARY KEY,
    stream_id     TEXT NOT NULL,
    sequence      BIGINT NOT NULL,
    hash          BLOB NOT NULL,
    published_at  BIGINT NOT NULL,
    last_contact  BIGINT NOT NULL,
    diverged      TEXT NOT NULL
);
CREATE TABLE envelope (
    bureau        TEXT NOT NULL,
    stream_id     TEXT NOT NULL,
    sequence      BIGINT NOT NULL,
    received_at   BIGINT NOT NULL,
    bytes         BLOB NOT NULL,
    PRIMARY KEY (bureau, stream_id, sequence)
);
CREATE TRIGGER envelope_is_final BEFORE UPDATE ON envelope BEGIN SELECT RAISE(ABORT, 'an envelope never changes'); END;
