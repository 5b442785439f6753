-- What sinks that send messages have sent, or tried to send: the last of each, see `trackside_core::store::Progress`.
CREATE TABLE sending (
    -- In the order in which they were sent.
    pk INTEGER PRIMARY KEY AUTOINCREMENT,
    sink INTEGER NOT NULL REFERENCES sink (pk) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    text TEXT NOT NULL,
    receiver TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    -- NULL when it was taken.
    error TEXT
) STRICT;

CREATE INDEX sending_by_sink ON sending (sink, pk);
