-- A mutation asked for twice with one key is done once and answered alike.
CREATE TABLE idempotency (
    method   TEXT NOT NULL,
    key      TEXT NOT NULL,
    request  BYTEA NOT NULL,
    response BYTEA NOT NULL,
    PRIMARY KEY (method, key)
);

-- Moves with every transaction that changes a register.
CREATE TABLE change_counter (
    id    BIGINT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO change_counter (id, value) VALUES (1, 0);
