-- Sets of files in versions. A bundle is a member of the collection it was made for, and of those it is linked into.
CREATE TABLE collection (
    -- AUTOINCREMENT: an id is never given twice, because clients keep them.
    pk INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- No number is given twice, whatever is deleted.
    next_number INTEGER NOT NULL DEFAULT 0,
    UNIQUE (experiment, name)
) STRICT;

CREATE TABLE bundle (
    pk INTEGER PRIMARY KEY AUTOINCREMENT,
    home INTEGER NOT NULL REFERENCES collection (pk) ON DELETE CASCADE,
    number INTEGER,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    description TEXT,
    metadata TEXT,
    -- A bundle outlives the run that made it.
    run INTEGER REFERENCES run (pk) ON DELETE SET NULL,
    step INTEGER,
    client_id TEXT UNIQUE,
    -- What it is to be called when it is committed: a JSON list.
    wanted_aliases TEXT NOT NULL,
    -- Of the door's, until it is committed.
    draft TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    n_files INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX bundle_by_digest ON bundle (home, digest);
CREATE INDEX bundle_by_run ON bundle (run);

CREATE TABLE bundle_label (
    owner INTEGER NOT NULL REFERENCES bundle (pk) ON DELETE CASCADE,
    label TEXT NOT NULL,
    PRIMARY KEY (owner, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE bundle_file (
    bundle INTEGER NOT NULL REFERENCES bundle (pk) ON DELETE CASCADE,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    -- Where the bytes are, when they are not kept here.
    reference TEXT,
    -- JSON.
    more TEXT,
    PRIMARY KEY (bundle, path)
) STRICT, WITHOUT ROWID;

-- Whether anybody needs the bytes of a digest.
CREATE INDEX bundle_file_by_digest ON bundle_file (digest);

CREATE TABLE member (
    collection INTEGER NOT NULL REFERENCES collection (pk) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    bundle INTEGER NOT NULL REFERENCES bundle (pk) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (collection, number),
    UNIQUE (bundle, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE member_alias (
    collection INTEGER NOT NULL REFERENCES collection (pk) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    bundle INTEGER NOT NULL REFERENCES bundle (pk) ON DELETE CASCADE,
    PRIMARY KEY (collection, alias)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_alias_by_bundle ON member_alias (bundle, collection);

CREATE TABLE bundle_use (
    bundle INTEGER NOT NULL REFERENCES bundle (pk) ON DELETE CASCADE,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (bundle, run)
) STRICT, WITHOUT ROWID;

CREATE INDEX bundle_use_by_run ON bundle_use (run, bundle);

-- What a client calls a collection before it knows its id.
CREATE TABLE collection_client_id (
    client_id TEXT PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collection (pk) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX collection_client_id_by_collection ON collection_client_id (collection);

-- Searches over parameters.
CREATE TABLE sweep (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    name TEXT,
    description TEXT,
    -- As the client wrote it.
    definition TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- The number of the next trial.
    n_trials INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX sweep_by_creation ON sweep (experiment, created_at DESC, id);

-- Who may come in by W&B's door. The key itself is known to nobody but its holder.
CREATE TABLE api_key (
    name TEXT PRIMARY KEY,
    -- SHA-256 of the key.
    digest BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
