-- The import ledger: what was started, how far it is durable, and what was answered.
CREATE TABLE import (
    id           BLOB    NOT NULL PRIMARY KEY,
    register     TEXT    NOT NULL,
    mode         TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    effective_on TEXT    NOT NULL,
    complete     BOOLEAN NOT NULL,
    file_name    TEXT    NOT NULL,
    file_digest  TEXT    NOT NULL,
    total_rows   BIGINT  NOT NULL,
    started_by   TEXT    NOT NULL,
    started_at   BIGINT  NOT NULL,
    last_batch   BIGINT  NOT NULL,
    added        BIGINT  NOT NULL,
    changed      BIGINT  NOT NULL,
    unchanged    BIGINT  NOT NULL,
    disappeared  BIGINT  NOT NULL,
    conflicting  BIGINT  NOT NULL,
    rejected     BIGINT  NOT NULL,
    state        TEXT    NOT NULL,
    -- The encoded answer to the finish, once given.
    finish       BLOB
);

-- The encoded acknowledgement of each durable batch, so that one sent twice is answered as the first time.
CREATE TABLE import_batch (
    import_id       BLOB   NOT NULL REFERENCES import (id),
    number          BIGINT NOT NULL,
    acknowledgement BLOB   NOT NULL,
    PRIMARY KEY (import_id, number)
);

-- What the rows of a running import name, to see a key that comes twice and a record that never comes.
CREATE TABLE import_key (
    import_id BLOB NOT NULL REFERENCES import (id),
    key       TEXT NOT NULL,
    record_id BLOB,
    PRIMARY KEY (import_id, key)
);
