-- Texts that a protocol keeps with a run as they came. None of it is searched.
CREATE TABLE run_document (
    pk INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (owner, name)
) STRICT;

-- Consecutive lines of a stream. No two blocks of one writer overlap, and none has more than 512 lines.
CREATE TABLE line_block (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    stream TEXT NOT NULL,
    writer TEXT NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    -- No line tells of a lower or a higher step; NULL when none tells of any.
    low INTEGER,
    high INTEGER,
    -- Joined by line feeds; in them a backslash is doubled, and a line feed is a backslash and an n.
    text TEXT NOT NULL,
    UNIQUE (run, stream, writer, first)
) STRICT;

-- What the server must know again after a restart, and nobody else may.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
