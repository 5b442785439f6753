-- The log of changes and the cursors over it, see `trackside_core::store::Outbox` and `Cursors`.
--
-- A subject is a pair: 0 run, 1 logged model, 2 registered model; then its id or name.
-- Batches are in the form of `trackside_core::stored`, which has a version of its own.

CREATE TABLE outbox (
    -- AUTOINCREMENT: a position is never given twice, also when the log was empty in between. There are no gaps: the
    -- counter is rolled back with the rest.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    subject_kind INTEGER NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Items and bytes in all entries up to and including this one, so that the size of any stretch is a difference.
    -- They begin at zero again after the log was empty.
    items_to INTEGER NOT NULL,
    bytes_to INTEGER NOT NULL,
    -- Last, so that the other columns are read without it. Its position in the log is `seq`, whatever it says itself.
    batch TEXT NOT NULL
) STRICT;

-- The entries of one subject, in order.
CREATE INDEX outbox_by_subject ON outbox (subject_kind, subject);

CREATE TABLE sink (
    pk INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL,
    window_end INTEGER,
    paused INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    -- JSON: counts by the name of the kind.
    withheld TEXT NOT NULL DEFAULT '{}',
    backfill TEXT
) STRICT;

CREATE TABLE sink_mark (
    sink INTEGER NOT NULL REFERENCES sink (pk) ON DELETE CASCADE,
    subject_kind INTEGER NOT NULL,
    subject TEXT NOT NULL,
    upto INTEGER NOT NULL,
    memory TEXT,
    keep_alive INTEGER NOT NULL,
    catch_up TEXT,
    lost INTEGER NOT NULL,
    -- JSON: a list of numbers. NULL when there is none.
    cuts TEXT,
    PRIMARY KEY (sink, subject_kind, subject)
) STRICT, WITHOUT ROWID;

-- Of many marks few are of these sorts; they are counted and listed in the order of their subjects.
CREATE INDEX sink_mark_kept_alive ON sink_mark (sink, subject_kind, subject) WHERE keep_alive = 1;
CREATE INDEX sink_mark_catching_up ON sink_mark (sink, subject_kind, subject) WHERE catch_up IS NOT NULL;
CREATE INDEX sink_mark_lost ON sink_mark (sink, subject_kind, subject) WHERE lost = 1;

CREATE TABLE dead_letter (
    -- AUTOINCREMENT: a number that was settled names no other letter later.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink INTEGER NOT NULL REFERENCES sink (pk) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    batch TEXT NOT NULL
) STRICT;

CREATE INDEX dead_letter_by_sink ON dead_letter (sink);
