-- 项目月度进展: one report per project and month; period_end is the month's last day.
CREATE TABLE progress (
    id            UUID   NOT NULL PRIMARY KEY,
    project_id    UUID   NOT NULL REFERENCES project (id),
    period        TEXT   NOT NULL,
    period_end    TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    picture       TEXT   NOT NULL,
    month_fen     BIGINT NOT NULL,
    cumulated_fen BIGINT NOT NULL,
    obstacle      TEXT   NOT NULL,
    obstacle_text TEXT   NOT NULL,
    next_step     TEXT   NOT NULL,
    explanation   TEXT   NOT NULL,
    -- Who submitted it: the user's id, since another must confirm, and the name that people read.
    submitter     TEXT   NOT NULL,
    submitted_by  TEXT   NOT NULL,
    confirmed_by  TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    UNIQUE (project_id, period)
);
CREATE INDEX progress_by_period ON progress (project_id, state, period_end);
