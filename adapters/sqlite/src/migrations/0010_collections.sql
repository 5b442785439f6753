-- Sorted: a JSON list.
ALTER TABLE collection ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
-- Where its files are within runs; NULL when that is its name.
ALTER TABLE collection ADD COLUMN folder TEXT;
ALTER TABLE bundle ADD COLUMN lifetime_secs INTEGER;

CREATE INDEX bundle_by_expiry ON bundle (created_at + lifetime_secs * 1000) WHERE lifetime_secs IS NOT NULL;
CREATE INDEX bundle_with_draft ON bundle (pk) WHERE draft IS NOT NULL AND state = 'PENDING';
