-- Each creation wrote a page of it, and nobody orders by id: such a search sorts, what else used it has `run_by_start`.
DROP INDEX run_by_id;

-- Without a reference from `bytes` to `chunk_bytes`: whenever bytes are deleted, which most sealing does, SQLite would
-- look through all chunks for one that still refers to them.
CREATE TABLE chunk_4 (
    series INTEGER NOT NULL REFERENCES series (pk) ON DELETE CASCADE,
    -- Places of its first and last point.
    first BLOB NOT NULL,
    last BLOB NOT NULL,
    n INTEGER NOT NULL,
    min_step INTEGER NOT NULL,
    max_step INTEGER NOT NULL,
    -- Places of a lowest and a highest value; NULL when all are NaN.
    lowest BLOB,
    highest BLOB,
    -- The key of a row of `chunk_bytes`, which goes when this one does.
    bytes INTEGER NOT NULL,
    PRIMARY KEY (series, first)
) STRICT, WITHOUT ROWID;

INSERT INTO chunk_4 (series, first, last, n, min_step, max_step, lowest, highest, bytes)
SELECT series, first, last, n, min_step, max_step, lowest, highest, bytes FROM chunk;
DROP TABLE chunk;
ALTER TABLE chunk_4 RENAME TO chunk;

CREATE TRIGGER chunk_gone AFTER DELETE ON chunk BEGIN
    DELETE FROM chunk_bytes WHERE pk = old.bytes;
END;

-- The same, for when a run is deleted.
CREATE INDEX model_metric_by_run ON model_metric (run);
