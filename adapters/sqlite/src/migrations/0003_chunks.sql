-- Points that arrive go to the tail of their series; a tail that is long, or has come to rest, is sealed into a chunk:
-- columns of packed numbers (`series/codec.rs`). A place (`series/place.rs`) is a BLOB in the order of a history.
-- The table `point` holds what arrives later than its place: points before the end of what is sealed.

-- Where the last sealed point stands; NULL while nothing is sealed. `last_*` are as of the last sealing:
-- a tail has later ones.
ALTER TABLE series ADD COLUMN sealed_end BLOB;

-- Points that are not sealed, and the latest point of the series.
CREATE TABLE tail (
    series INTEGER PRIMARY KEY REFERENCES series (pk) ON DELETE CASCADE,
    touched_at INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_value REAL NOT NULL,
    last_is_nan INTEGER NOT NULL,
    -- In the order of arrival (`series/tail.rs`).
    points BLOB NOT NULL
) STRICT;

-- Sealed points in order. Chunks of a series do not overlap.
CREATE TABLE chunk (
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
    bytes INTEGER NOT NULL REFERENCES chunk_bytes (pk),
    PRIMARY KEY (series, first)
) STRICT, WITHOUT ROWID;

-- Apart, so that chunks are found and summed up without reading them.
CREATE TABLE chunk_bytes (
    pk INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TRIGGER chunk_gone AFTER DELETE ON chunk BEGIN
    DELETE FROM chunk_bytes WHERE pk = old.bytes;
END;

-- The latest point of each series.
CREATE VIEW latest AS
SELECT
    series.pk, series.run, series.key,
    ifnull(tail.last_step, series.last_step) AS step,
    ifnull(tail.last_time, series.last_time) AS time,
    ifnull(tail.last_value, series.last_value) AS value,
    ifnull(tail.last_is_nan, series.last_is_nan) AS is_nan
FROM series LEFT JOIN tail ON tail.series = series.pk;
