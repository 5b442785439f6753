-- Points that arrive go to the tail of their series, and from there, or in large batches at once, into blocks. When there
-- are enough, or the series has come to rest, they are sealed into chunks: columns of packed numbers (`series/codec.rs`). A place (`series/place.rs`) is a BLOB in the order of a history.
-- The table `point` holds what arrives later than its place: points before the end of what is sealed.

-- From here on `is_nan` (`last_is_nan`) is -1 beside the value 0 that is negative.

-- Where the last sealed point stands; NULL while nothing is sealed. `last_*` are as of the last sealing:
-- a tail has later ones.
ALTER TABLE series ADD COLUMN sealed_end BLOB;

-- The latest point of a series that has points which are not sealed, and the last few of these.
CREATE TABLE tail (
    series INTEGER PRIMARY KEY REFERENCES series (pk) ON DELETE CASCADE,
    touched_at INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_value REAL NOT NULL,
    last_is_nan INTEGER NOT NULL,
    -- How many blocks there are, and points in them.
    n_blocks INTEGER NOT NULL,
    n_in_blocks INTEGER NOT NULL,
    -- The last place of all points that are not sealed.
    end BLOB NOT NULL,
    -- The metric while the series has left `rank`; before `points`, so that it is read without them.
    unranked INTEGER,
    -- So many of 24 bytes each in the order of arrival, then room for more (`series/tail.rs`).
    n_points INTEGER NOT NULL,
    points BLOB NOT NULL
) STRICT;

-- Further points that are not sealed (`series/block.rs`). The key is 2^16 times the series, plus the number of the
-- block: what arrives together lies together, and a series has its blocks in one place.
CREATE TABLE block (
    pk INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;

CREATE TRIGGER blocks_gone AFTER DELETE ON series BEGIN
    DELETE FROM block WHERE pk >= old.pk << 16 AND pk < (old.pk + 1) << 16;
END;

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

-- Searches (`search/`).

-- The metrics of an experiment.
CREATE TABLE metric (
    pk INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    key TEXT NOT NULL,
    UNIQUE (experiment, key)
) STRICT;

INSERT INTO metric (experiment, key)
SELECT DISTINCT run.experiment, series.key FROM series JOIN run ON run.pk = series.run;

ALTER TABLE series ADD COLUMN metric INTEGER REFERENCES metric (pk);

UPDATE series SET metric = (
    SELECT metric.pk FROM run JOIN metric ON metric.experiment = run.experiment AND metric.key = series.key
    WHERE run.pk = series.run
);

-- Runs in the order of the latest value of a metric. A series whose value changes leaves the
-- table until it comes to rest, so that it is not touched by each point.
CREATE TABLE rank (
    metric INTEGER NOT NULL,
    is_nan INTEGER NOT NULL,
    value REAL NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (metric, is_nan, value, run)
) STRICT, WITHOUT ROWID;

INSERT INTO rank (metric, is_nan, value, run)
SELECT metric, last_is_nan > 0, last_value, run FROM series;

-- The series that have left it.
CREATE INDEX tail_unranked ON tail (unranked) WHERE unranked IS NOT NULL;

-- Runs that lack the metric ordered by come in the order of their ids.
CREATE INDEX run_by_id ON run (experiment, id);

-- Which runs of an experiment have a param or a tag of a value. Long values are told apart when they are read.
ALTER TABLE run_param ADD COLUMN experiment INTEGER;
UPDATE run_param SET experiment = (SELECT experiment FROM run WHERE pk = owner);
CREATE INDEX run_param_by_value ON run_param (experiment, key, substr(value, 1, 64));

ALTER TABLE run_tag ADD COLUMN experiment INTEGER;
UPDATE run_tag SET experiment = (SELECT experiment FROM run WHERE pk = owner);
CREATE INDEX run_tag_by_value ON run_tag (experiment, key, substr(value, 1, 64));
