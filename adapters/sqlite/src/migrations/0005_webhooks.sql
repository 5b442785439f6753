-- Webhooks, and what is to be delivered to them, see `trackside_core::store::Deliveries`.

CREATE TABLE webhook (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT,
    url TEXT NOT NULL,
    status TEXT NOT NULL,
    -- As it was given: messages are signed with it.
    secret TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The list shows the newest first.
CREATE INDEX webhook_by_creation ON webhook (created_at, pk);

-- Who asks for what.
CREATE TABLE webhook_event (
    event TEXT NOT NULL,
    webhook INTEGER NOT NULL REFERENCES webhook (pk) ON DELETE CASCADE,
    PRIMARY KEY (event, webhook)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_event_by_webhook ON webhook_event (webhook);

CREATE TABLE delivery (
    -- AUTOINCREMENT: a number names no other delivery later.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook INTEGER NOT NULL REFERENCES webhook (pk) ON DELETE CASCADE,
    -- What the receiver knows it by.
    key TEXT NOT NULL,
    event TEXT NOT NULL,
    model TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    -- When it is to be sent; NULL when it is over.
    due_at INTEGER,
    -- When it was delivered or given up.
    ended_at INTEGER,
    delivered INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    error TEXT,
    -- A batch in the form of `trackside_core::stored`. Last, so that the other columns are read without it.
    change TEXT NOT NULL
) STRICT;

CREATE INDEX delivery_waiting ON delivery (webhook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_ended ON delivery (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX delivery_by_webhook ON delivery (webhook, id);

-- What is removed for good, see `trackside_core::store::Bin`: 1 once it cannot be restored any more.
ALTER TABLE run ADD COLUMN doomed INTEGER;
ALTER TABLE logged_model ADD COLUMN doomed INTEGER;
ALTER TABLE experiment ADD COLUMN doomed INTEGER;

-- SQLite looks for children of what is removed, row by row: without it in the whole table each time.
CREATE INDEX dataset_input_by_dataset ON dataset_input (dataset);
