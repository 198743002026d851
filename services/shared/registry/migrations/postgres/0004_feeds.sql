-- Change feeds that this service offers, one per register that others follow.
CREATE TABLE feed (
    name          TEXT    NOT NULL PRIMARY KEY,
    stream_id     UUID    NOT NULL,
    last_sequence BIGINT  NOT NULL,
    -- What the register holds is in the feed, as this version of its records tells it, up to this record; wholly once
    -- `filled`.
    version       BIGINT  NOT NULL,
    filled_after  UUID    NOT NULL,
    filled        BOOLEAN NOT NULL
);

-- The newest event of each record.
CREATE TABLE feed_event (
    feed      TEXT    NOT NULL,
    sequence  BIGINT  NOT NULL,
    batch     UUID    NOT NULL,
    record_id UUID    NOT NULL,
    removed   BOOLEAN NOT NULL,
    payload   BYTEA   NOT NULL,
    at_micros BIGINT  NOT NULL,
    PRIMARY KEY (feed, sequence),
    UNIQUE (feed, record_id)
);

-- Which numbers were given together, under a random id: by it a follower proves that its position is one of this feed.
CREATE TABLE feed_batch (
    feed          TEXT   NOT NULL,
    last_sequence BIGINT NOT NULL,
    id            UUID   NOT NULL,
    PRIMARY KEY (feed, last_sequence)
);

-- Where this service stands in the feeds that it follows. Readers see `generation`; a copy that is made anew grows in
-- the next one until it is complete.
CREATE TABLE feed_position (
    source          TEXT   NOT NULL,
    feed            TEXT   NOT NULL,
    -- Empty before the source was first heard.
    stream_id       TEXT   NOT NULL,
    sequence        BIGINT NOT NULL,
    -- Of the last event; nil before the first.
    batch           UUID   NOT NULL,
    -- How often it moved: a connection that did not make the last move is not to make the next.
    moves           BIGINT NOT NULL,
    head_sequence   BIGINT NOT NULL,
    -- When the copy that readers see was last known to be the register itself.
    as_of           BIGINT NOT NULL,
    last_contact_at BIGINT NOT NULL,
    generation      BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    -- Why the source refuses; empty while it does not.
    trouble         TEXT   NOT NULL,
    PRIMARY KEY (source, feed)
);

-- Records of other bureaus as their feeds told them: a row for each stretch of time, from a day up to but not including
-- another; empty: without bound.
CREATE TABLE feed_copy (
    source     TEXT   NOT NULL,
    feed       TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    record_id  UUID   NOT NULL,
    since      TEXT   NOT NULL,
    until      TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    payload    BYTEA  NOT NULL,
    at_micros  BIGINT NOT NULL,
    PRIMARY KEY (source, feed, generation, record_id, since)
);
CREATE INDEX feed_copy_by_record ON feed_copy (record_id);
