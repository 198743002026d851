-- 公开数据 as it was issued: both files, for ever, and what readers of them know.
CREATE TABLE public_data (
    cut_id          UUID   NOT NULL PRIMARY KEY REFERENCES named_cut (id),
    number          BIGINT NOT NULL UNIQUE,  -- 1, 2, … in the order of issuing
    csv             BYTEA  NOT NULL,
    json            BYTEA  NOT NULL,
    addition        TEXT   NOT NULL,  -- JSON: names, values, statements and sums that came with this table
    issued_by       TEXT   NOT NULL,
    issued_by_name  TEXT   NOT NULL,
    issued_at       BIGINT NOT NULL
);
CREATE TRIGGER public_data_is_final BEFORE UPDATE ON public_data FOR EACH ROW EXECUTE FUNCTION cut_is_final();
