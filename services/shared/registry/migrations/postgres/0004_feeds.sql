-- Change feeds that this service offers, one per register that others follow.
CREATE TABLE feed (
    name          TEXT    NOT NULL PRIMARY KEY,
    stream_id     UUID    NOT NULL,
    last_sequence BIGINT  NOT NULL,
    -- When the stream began: a restored backup begins another one.
    started_at    BIGINT  NOT NULL,
    -- What the register held before the feed began is in it up to this record, and wholly once `filled`.
    filled_after  UUID    NOT NULL,
    filled        BOOLEAN NOT NULL
);

-- The newest event of each record.
CREATE TABLE feed_event (
    feed      TEXT    NOT NULL,
    sequence  BIGINT  NOT NULL,
    record_id UUID    NOT NULL,
    removed   BOOLEAN NOT NULL,
    payload   BYTEA   NOT NULL,
    at_micros BIGINT  NOT NULL,
    PRIMARY KEY (feed, sequence),
    UNIQUE (feed, record_id)
);

-- Where this service stands in the feeds that it follows. Readers see `generation`; a copy that is made anew grows in
-- the next one until it is complete.
CREATE TABLE feed_position (
    source          TEXT   NOT NULL,
    feed            TEXT   NOT NULL,
    -- Empty before the source was first heard.
    stream_id       TEXT   NOT NULL,
    sequence        BIGINT NOT NULL,
    head_sequence   BIGINT NOT NULL,
    head_at         BIGINT NOT NULL,
    -- When the copy that readers see was last known to be the register itself.
    as_of           BIGINT NOT NULL,
    last_contact_at BIGINT NOT NULL,
    generation      BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    PRIMARY KEY (source, feed)
);

-- Records of other bureaus as their feeds told them.
CREATE TABLE feed_copy (
    source     TEXT   NOT NULL,
    feed       TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    record_id  UUID   NOT NULL,
    title      TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    payload    BYTEA  NOT NULL,
    sequence   BIGINT NOT NULL,
    at_micros  BIGINT NOT NULL,
    PRIMARY KEY (source, feed, generation, record_id)
);
CREATE INDEX feed_copy_by_record ON feed_copy (record_id);
