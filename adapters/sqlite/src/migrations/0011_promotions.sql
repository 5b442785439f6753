-- Versions that somebody wants to have a stage or an alias, which others have to approve.
CREATE TABLE promotion (
    -- Never given twice.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL REFERENCES model_version (pk) ON DELETE CASCADE,
    -- A stage, or an alias behind @.
    target TEXT NOT NULL,
    archive_others INTEGER NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    reason TEXT,
    -- pending, done, rejected, withdrawn
    state TEXT NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE UNIQUE INDEX promotion_that_waits ON promotion (version, target) WHERE state = 'pending';
CREATE INDEX promotion_by_version ON promotion (version, id);
CREATE INDEX promotion_by_state ON promotion (state, id);

CREATE TABLE vote (
    promotion INTEGER NOT NULL REFERENCES promotion (id) ON DELETE CASCADE,
    -- Name of an API key.
    by TEXT NOT NULL,
    approves INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (promotion, by)
) STRICT, WITHOUT ROWID;

-- Versions of all models, the latest change first.
CREATE INDEX model_version_by_change ON model_version (updated_at);
