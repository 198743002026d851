-- 数据疑义: what others find wrong in this service's data, and what was answered.
CREATE TABLE correction (
    id              BLOB    NOT NULL PRIMARY KEY,
    -- METHOD, RECORD or FIGURE, and up to four names: path; register, record id; form, region, period, element.
    subject         TEXT    NOT NULL,
    first_name      TEXT    NOT NULL,
    second_name     TEXT    NOT NULL,
    third_name      TEXT    NOT NULL,
    fourth_name     TEXT    NOT NULL,
    wrong           TEXT    NOT NULL,
    proposed        TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    answer          TEXT    NOT NULL DEFAULT '',
    reopened        BOOLEAN NOT NULL DEFAULT FALSE,
    -- user:… or bureau:…
    opener          TEXT    NOT NULL,
    opener_name     TEXT    NOT NULL,
    opened_at       BIGINT  NOT NULL,
    -- From when the answer's clock runs.
    asked_at        BIGINT  NOT NULL,
    answered_by     TEXT    NOT NULL DEFAULT '',
    answered_at     BIGINT  NOT NULL DEFAULT 0,
    idempotency_key TEXT    NOT NULL,
    UNIQUE (opener, idempotency_key)
);

-- What was done with tickets: appended, never changed.
CREATE TABLE correction_act (
    id            BLOB   NOT NULL PRIMARY KEY,
    correction_id BLOB   NOT NULL REFERENCES correction (id),
    from_state    TEXT   NOT NULL,
    to_state      TEXT   NOT NULL,
    by_actor      TEXT   NOT NULL,
    by_name       TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    text          TEXT   NOT NULL
);
CREATE INDEX correction_act_of ON correction_act (correction_id, id);
