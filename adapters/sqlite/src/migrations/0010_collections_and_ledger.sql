-- Sorted: a JSON list.
ALTER TABLE collection ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
-- Where its files are within runs; NULL when that is its name.
ALTER TABLE collection ADD COLUMN folder TEXT;
ALTER TABLE bundle ADD COLUMN lifetime_secs INTEGER;

CREATE INDEX bundle_by_expiry ON bundle (created_at + lifetime_secs * 1000) WHERE lifetime_secs IS NOT NULL;
CREATE INDEX bundle_with_draft ON bundle (pk) WHERE draft IS NOT NULL AND state = 'PENDING';

-- Who changed what in the registry: trackside_core::ledger has the form of a line.
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY,
    -- Name of the model before the change, and after it where that is another one.
    model TEXT NOT NULL,
    renamed_to TEXT,
    -- SHA-256 of the line.
    digest BLOB NOT NULL,
    line TEXT NOT NULL
) STRICT;

CREATE INDEX ledger_by_model ON ledger (model, seq);
CREATE INDEX ledger_by_new_name ON ledger (renamed_to, seq) WHERE renamed_to IS NOT NULL;

CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT raise(ABORT, 'the ledger is only added to');
END;

CREATE TRIGGER ledger_is_never_cut BEFORE DELETE ON ledger
BEGIN
    SELECT raise(ABORT, 'the ledger is only added to');
END;
