-- A scorer has its name and schedule here, and what it does in its versions, of which there may be none left.
CREATE TABLE scorer (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- How often it is to run; NULL where nobody said so.
    schedule TEXT,
    sample_rate REAL,
    filter TEXT,
    UNIQUE (experiment, name)
) STRICT;

CREATE TABLE scorer_version (
    scorer INTEGER NOT NULL REFERENCES scorer (pk) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scorer, number)
) STRICT;

CREATE TABLE evaluation_dataset (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- When records were last written, or it was created.
    written_at INTEGER NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    -- JSON that has a version; NULL until there was a record.
    schema TEXT,
    n_records INTEGER NOT NULL
) STRICT;

-- The default order of a search.
CREATE INDEX evaluation_dataset_by_creation ON evaluation_dataset (created_at DESC, id DESC);

CREATE TABLE evaluation_dataset_tag (
    owner INTEGER NOT NULL REFERENCES evaluation_dataset (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluation_dataset_experiment (
    owner INTEGER NOT NULL REFERENCES evaluation_dataset (pk) ON DELETE CASCADE,
    experiment INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (owner, experiment)
) STRICT, WITHOUT ROWID;

CREATE INDEX evaluation_dataset_by_experiment ON evaluation_dataset_experiment (experiment);

CREATE TABLE evaluation_record (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    dataset INTEGER NOT NULL REFERENCES evaluation_dataset (pk) ON DELETE CASCADE,
    -- A hash of the inputs.
    identity BLOB NOT NULL,
    -- JSON of the client's, and so are the next three.
    inputs TEXT NOT NULL,
    outputs TEXT,
    expectations TEXT,
    tags TEXT NOT NULL,
    -- Where it comes from: a name, and JSON; NULL when nobody said.
    source TEXT,
    source_data TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    UNIQUE (dataset, identity)
) STRICT;

-- The order in which they are read.
CREATE INDEX evaluation_record_by_creation ON evaluation_record (dataset, created_at, id);

CREATE TABLE assessment (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- JSON.
    value TEXT NOT NULL,
    -- The value where that is a finite number.
    number REAL,
    -- Why there is no better value; the code is empty where there is an error without one.
    error_code TEXT,
    error_message TEXT,
    error_stack TEXT,
    assessor TEXT NOT NULL,
    assessor_id TEXT,
    span TEXT,
    rationale TEXT,
    -- Id of the assessment that it replaces.
    overrides TEXT,
    is_valid INTEGER NOT NULL,
    -- Whether it also holds for the other traces of the session.
    of_session INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX assessment_by_trace ON assessment (trace, created_at);

CREATE TABLE assessment_metadata (
    owner INTEGER NOT NULL REFERENCES assessment (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
