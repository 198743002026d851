-- 补报: handed in after the period was locked, by an unlock.
ALTER TABLE report ADD COLUMN late BOOLEAN NOT NULL DEFAULT FALSE;

-- 申请解锁: a locked period, to be opened for one form and region.
CREATE TABLE period_unlock (
    id                BLOB   NOT NULL PRIMARY KEY,
    form              TEXT   NOT NULL,
    region            TEXT   NOT NULL,
    period            TEXT   NOT NULL,
    state             TEXT   NOT NULL CHECK (state IN ('REQUESTED', 'GRANTED', 'REFUSED')),
    reason            TEXT   NOT NULL,
    requested_by      TEXT   NOT NULL,
    requested_by_name TEXT   NOT NULL,
    requested_at      BIGINT NOT NULL,
    -- Empty and 0 until decided.
    decided_by        TEXT   NOT NULL,
    decided_by_name   TEXT   NOT NULL,
    decided_at        BIGINT NOT NULL,
    decision_reason   TEXT   NOT NULL,
    -- Last day on which the unlock holds; empty unless granted.
    until_on          TEXT   NOT NULL
);
CREATE INDEX period_unlock_place ON period_unlock (form, period, region);
CREATE UNIQUE INDEX period_unlock_waiting ON period_unlock (form, period, region) WHERE state = 'REQUESTED';

-- 基准: which value counts for a computed element in a region from a day on. Without a row it is 双轨.
CREATE TABLE basis_change (
    element          TEXT   NOT NULL,
    region           TEXT   NOT NULL,
    -- From 1, without gaps; `starts_on` never goes back.
    number           BIGINT NOT NULL,
    basis            TEXT   NOT NULL CHECK (basis IN ('REPORTED', 'BOTH', 'REGISTER')),
    effective_period TEXT   NOT NULL,
    starts_on        TEXT   NOT NULL, -- its first day
    reason           TEXT   NOT NULL,
    document_number  TEXT   NOT NULL,
    explanation      TEXT   NOT NULL,
    user_id          TEXT   NOT NULL,
    user_name        TEXT   NOT NULL,
    at               BIGINT NOT NULL,
    PRIMARY KEY (element, region, number)
);
INSERT INTO basis_change
    (element, region, number, basis, effective_period, starts_on, reason, document_number, explanation, user_id,
     user_name, at)
SELECT element, region, 1, basis, '', '0001-01-01', '', '', '', '', '', 0 FROM basis;
DROP TABLE basis;
CREATE TRIGGER basis_change_kept BEFORE UPDATE ON basis_change
BEGIN SELECT RAISE(ABORT, 'a change of basis is never changed'); END;
CREATE TRIGGER basis_change_never_removed BEFORE DELETE ON basis_change
BEGIN SELECT RAISE(ABORT, 'a change of basis is never removed'); END;
