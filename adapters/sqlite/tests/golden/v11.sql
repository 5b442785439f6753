-- Written by the release with schema version 10, and brought up to date by that with 11.
PRAGMA application_id=1414679379;
PRAGMA user_version=11;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE block (
    pk INTEGER PRIMARY KEY,
    points BLOB NOT NULL
) STRICT;
INSERT INTO block VALUES(327680,X'01D4010C000000000000F87F0202000000000000F07F');
CREATE TABLE "chunk" (
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
    -- The key of a row of `chunk_bytes`, which goes when this one does.
    bytes INTEGER NOT NULL,
    PRIMARY KEY (series, first)
) STRICT, WITHOUT ROWID;
INSERT INTO chunk VALUES(5,X'80000000000000648000000000000000BFE000000000000000',X'80000000000000678000000000000003FFF000000000000000',4,0,3,X'80000000000000658000000000000001800000000000000000',X'80000000000000678000000000000003FFF000000000000000',1);
INSERT INTO chunk VALUES(5,X'80000000000000688000000000000004BFE000000000000000',X'80000000000000698000000000000005800000000000000000',2,4,5,X'80000000000000698000000000000005800000000000000000',X'80000000000000688000000000000004BFE000000000000000',2);
CREATE TABLE chunk_bytes (
    pk INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
INSERT INTO chunk_bytes VALUES(1,X'011D0000001D00000070636F210300020104010403000000100020030000000000001400E40070636F210300020104010403000000100000000000000000001400E40070636F2103000201040106030000004200E0FFFFFFFFFFFFFF0F00000000000000F82F00000000000000F87F00000000000000F8FF00930000509C8783');
INSERT INTO chunk_bytes VALUES(2,X'011C0000001C00000070636F2103008104010401000000100040030000000000000C00020070636F2103008104010401000000100020000000000000000C00020070636F21030081040106010000002100F0FFFFFFFFFFFFFF0700000000000000FE0B00010000A5A9416B');
CREATE TABLE dataset (
    pk INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment, name, digest)
) STRICT;
INSERT INTO dataset VALUES(1,1,'train','abc','local','{"uri": "x"}',NULL,'{}');
CREATE TABLE dataset_input (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    dataset INTEGER NOT NULL REFERENCES dataset (pk),
    UNIQUE (run, dataset)
) STRICT;
INSERT INTO dataset_input VALUES(1,1,1);
CREATE TABLE dataset_input_tag (
    owner INTEGER NOT NULL REFERENCES dataset_input (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO dataset_input_tag VALUES(1,'mlflow.data.context','training');
CREATE TABLE dead_letter (
    -- AUTOINCREMENT: a number that was settled names no other letter later.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink INTEGER NOT NULL REFERENCES sink (pk) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    batch TEXT NOT NULL
) STRICT;
INSERT INTO dead_letter VALUES(2,2,11000,'refused 1','{"v":1,"seq":2,"run":"00000000000000000000000000000003","events":[{"params":[["p","1"]]},{"points":[["m",1,1,"NaN"],["m",2,2,0.1]]}]}');
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
INSERT INTO delivery VALUES(1,1,'00000000-0000-4000-8000-00000000000a','registered_model.created','classifier',22000,NULL,22500,1,1,200,NULL,'{"v":1,"seq":0,"registered_model":"classifier","events":[{"created":{"name":"classifier","created_at":22000,"tags":[]}}]}');
INSERT INTO delivery VALUES(2,1,'00000000-0000-4000-8000-00000000000b','registered_model.created','classifier',23000,25000,NULL,0,2,503,'status 503','{"v":1,"seq":0,"registered_model":"classifier","events":[{"created":{"name":"classifier","created_at":22000,"tags":[]}}]}');
CREATE TABLE experiment (
    -- AUTOINCREMENT: an id is never given twice. 0 is the default experiment.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
, doomed INTEGER) STRICT;
INSERT INTO experiment VALUES(0,'Default','mlflow-artifacts:/0',1000,1000,NULL,NULL);
INSERT INTO experiment VALUES(1,'vision','s3://bucket/vision',2000,2000,NULL,NULL);
INSERT INTO experiment VALUES(2,'old','mlflow-artifacts:/2',3000,4000,4000,NULL);
CREATE TABLE experiment_tag (
    owner INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO experiment_tag VALUES(0,'team','blue');
INSERT INTO experiment_tag VALUES(1,'team','blue');
INSERT INTO experiment_tag VALUES(2,'team','blue');
CREATE TABLE logged_model (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    artifact_uri TEXT NOT NULL,
    status TEXT NOT NULL,
    model_type TEXT NOT NULL,
    -- The id of a run, which need not exist.
    source_run TEXT,
    deleted_at INTEGER
, doomed INTEGER) STRICT;
INSERT INTO logged_model VALUES(1,'m-00000000000000000000000000000001',1,'net',7000,8000,'s3://bucket/vision/models/1','READY','Agent','00000000000000000000000000000001',NULL,NULL);
INSERT INTO logged_model VALUES(2,'m-00000000000000000000000000000003',1,'model-3',1000,1000,'mem:/base/1/models/m-00000000000000000000000000000003/artifacts','PENDING','Agent',NULL,NULL,NULL);
CREATE TABLE logged_model_param (
    owner INTEGER NOT NULL REFERENCES logged_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO logged_model_param VALUES(1,'p','1');
CREATE TABLE logged_model_tag (
    owner INTEGER NOT NULL REFERENCES logged_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO logged_model_tag VALUES(1,'a','1');
CREATE TABLE metric (
    pk INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    key TEXT NOT NULL,
    UNIQUE (experiment, key)
) STRICT;
INSERT INTO metric VALUES(1,1,'acc');
INSERT INTO metric VALUES(2,1,'loss');
INSERT INTO metric VALUES(3,1,'tiny');
INSERT INTO metric VALUES(4,1,'m');
INSERT INTO metric VALUES(5,1,'packed');
CREATE TABLE model_alias (
    model INTEGER NOT NULL REFERENCES registered_model (pk) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES model_version (pk) ON DELETE CASCADE,
    PRIMARY KEY (model, alias)
) STRICT, WITHOUT ROWID;
INSERT INTO model_alias VALUES(1,'champion',2);
CREATE TABLE model_input (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    model TEXT NOT NULL,
    UNIQUE (run, model)
) STRICT;
INSERT INTO model_input VALUES(1,1,'m-00000000000000000000000000000009');
CREATE TABLE model_metric (
    pk INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES logged_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    time INTEGER NOT NULL,
    step INTEGER NOT NULL,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    value REAL NOT NULL,
    is_nan INTEGER NOT NULL,
    -- Both or neither.
    dataset_name TEXT,
    dataset_digest TEXT
) STRICT;
INSERT INTO model_metric VALUES(1,1,'acc',11,1,1,0.25,0,'train','abc');
INSERT INTO model_metric VALUES(2,1,'acc',12,2,1,0.0,1,NULL,NULL);
CREATE TABLE model_output (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    model TEXT NOT NULL,
    step INTEGER NOT NULL,
    UNIQUE (run, model)
) STRICT;
INSERT INTO model_output VALUES(1,1,'m-00000000000000000000000000000001',2);
CREATE TABLE model_version (
    pk INTEGER PRIMARY KEY,
    model INTEGER NOT NULL REFERENCES registered_model (pk) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    description TEXT,
    stage TEXT NOT NULL,
    source TEXT NOT NULL,
    storage_location TEXT,
    -- The ids of a run and of a logged model, which need not exist.
    run TEXT,
    run_link TEXT,
    logged_model TEXT,
    UNIQUE (model, number)
) STRICT;
INSERT INTO model_version VALUES(1,1,1,11000,12000,NULL,'Production','s3://bucket/m','s3://bucket/copy','00000000000000000000000000000001','link','m-00000000000000000000000000000001');
INSERT INTO model_version VALUES(2,1,2,11001,11001,NULL,'None','s3://bucket/m',NULL,'00000000000000000000000000000001','link','m-00000000000000000000000000000001');
CREATE TABLE model_version_tag (
    owner INTEGER NOT NULL REFERENCES model_version (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO model_version_tag VALUES(1,'v','0');
INSERT INTO model_version_tag VALUES(2,'v','1');
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
INSERT INTO outbox VALUES(2,0,'00000000000000000000000000000003',10001,4,303,'{"v":1,"seq":0,"run":"00000000000000000000000000000003","events":[{"params":[["p","1"]]},{"points":[["m",1,1,"NaN"],["m",2,2,0.1]]}]}');
INSERT INTO outbox VALUES(3,0,'00000000000000000000000000000003',10002,6,450,'{"v":1,"seq":0,"run":"00000000000000000000000000000003","events":[{"artifact_stored":{"path":"a/b.txt","size":3}},{"updated":{"status":"FAILED"}}]}');
INSERT INTO outbox VALUES(4,1,'m-00000000000000000000000000000003',10003,7,783,'{"v":1,"seq":0,"logged_model":"m-00000000000000000000000000000003","created":{"id":"m-00000000000000000000000000000003","experiment":"vision","experiment_id":1,"name":"model-3","created_at":1000,"artifact_uri":"mem:/base/1/models/m-00000000000000000000000000000003/artifacts","model_type":"Agent","tags":[],"params":[]},"changes":[]}');
INSERT INTO outbox VALUES(5,2,'classifier',10004,8,882,'{"v":1,"seq":0,"registered_model":"classifier","events":[{"changed":{"at":10004,"tag":["k","v"]}}]}');
CREATE TABLE point (
    series INTEGER NOT NULL REFERENCES series (pk) ON DELETE CASCADE,
    time INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL NOT NULL,
    is_nan INTEGER NOT NULL,
    PRIMARY KEY (series, time, step, value, is_nan)
) STRICT, WITHOUT ROWID;
INSERT INTO point VALUES(1,10,0,1e999,0);
INSERT INTO point VALUES(1,11,1,0.1,0);
INSERT INTO point VALUES(1,12,2,0.0,1);
INSERT INTO point VALUES(1,13,-3,-1e999,0);
INSERT INTO point VALUES(2,11,1,0.25,0);
INSERT INTO point VALUES(2,12,2,0.0,1);
INSERT INTO point VALUES(3,5,9223372036854775807,4.9406564584124654428e-324,0);
INSERT INTO point VALUES(4,1,1,0.0,1);
INSERT INTO point VALUES(4,2,2,0.1,0);
INSERT INTO point VALUES(5,101,-1,0.0,-1);
CREATE TABLE rank (
    metric INTEGER NOT NULL,
    is_nan INTEGER NOT NULL,
    value REAL NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (metric, is_nan, value, run)
) STRICT, WITHOUT ROWID;
INSERT INTO rank VALUES(1,1,0.0,1);
INSERT INTO rank VALUES(2,1,0.0,1);
INSERT INTO rank VALUES(3,0,4.9406564584124654428e-324,1);
INSERT INTO rank VALUES(4,0,0.1,3);
CREATE TABLE registered_model (
    pk INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    description TEXT,
    -- The number of the next version: no number is given twice, whatever is deleted.
    next_version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO registered_model VALUES(1,'classifier',10000,14000,'best',4);
CREATE TABLE registered_model_tag (
    owner INTEGER NOT NULL REFERENCES registered_model (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO registered_model_tag VALUES(1,'k','v');
INSERT INTO registered_model_tag VALUES(1,'t','1');
CREATE TABLE run (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    name TEXT NOT NULL,
    user TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    artifact_uri TEXT NOT NULL,
    deleted_at INTEGER
, doomed INTEGER) STRICT;
INSERT INTO run VALUES(1,'00000000000000000000000000000001',1,'run-1','ada','FINISHED',5000,9000,'s3://bucket/vision/1/artifacts',NULL,NULL);
INSERT INTO run VALUES(2,'00000000000000000000000000000002',1,'run-2','ada','RUNNING',6000,NULL,'s3://bucket/vision/2/artifacts',9500,1);
INSERT INTO run VALUES(3,'00000000000000000000000000000003',1,'run-3','ada','FAILED',1000,NULL,'mem:/base/1/00000000000000000000000000000003/artifacts',NULL,NULL);
CREATE TABLE run_param (
    owner INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL, experiment INTEGER,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO run_param VALUES(1,'empty','',1);
INSERT INTO run_param VALUES(1,'lr','0.1',1);
INSERT INTO run_param VALUES(3,'p','1',1);
CREATE TABLE run_tag (
    owner INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL, experiment INTEGER,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO run_tag VALUES(1,'mlflow.runName','run-1',1);
INSERT INTO run_tag VALUES(1,'quote','it''s',1);
INSERT INTO run_tag VALUES(2,'mlflow.runName','run-2',1);
INSERT INTO run_tag VALUES(2,'quote','it''s',1);
INSERT INTO run_tag VALUES(3,'t','it''s',1);
CREATE TABLE series (
    pk INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    last_step INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_value REAL NOT NULL,
    last_is_nan INTEGER NOT NULL, sealed_end BLOB, metric INTEGER REFERENCES metric (pk),
    UNIQUE (run, key)
) STRICT;
INSERT INTO series VALUES(1,1,'loss',2,12,0.0,1,NULL,2);
INSERT INTO series VALUES(2,1,'acc',2,12,0.0,1,NULL,1);
INSERT INTO series VALUES(3,1,'tiny',9223372036854775807,5,4.9406564584124654428e-324,0,NULL,3);
INSERT INTO series VALUES(4,3,'m',2,2,0.1,0,NULL,4);
INSERT INTO series VALUES(5,3,'packed',5,105,0.0,-1,X'80000000000000698000000000000005800000000000000000',5);
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
INSERT INTO sink VALUES(1,'copy',2,NULL,1,0,'{}',NULL);
INSERT INTO sink VALUES(2,'mlflow',3,5,0,4,'{"points":2,"registry":1}','all');
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
INSERT INTO sink_mark VALUES(2,0,'00000000000000000000000000000003',1,'{"id":7}',1,NULL,0,'[0,0,3]');
INSERT INTO sink_mark VALUES(2,1,'m-00000000000000000000000000000003',0,NULL,0,'half',0,NULL);
INSERT INTO sink_mark VALUES(2,2,'classifier',0,NULL,0,NULL,1,NULL);
CREATE TABLE span (
    pk INTEGER PRIMARY KEY,
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    id TEXT NOT NULL,
    parent TEXT,
    name TEXT NOT NULL,
    kind TEXT,
    status TEXT NOT NULL,
    -- In ns since the epoch.
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_creation_tokens INTEGER,
    cache_creation_long_tokens INTEGER,
    input_cost REAL,
    output_cost REAL,
    total_cost REAL,
    model TEXT,
    provider TEXT,
    -- The last column, so that the others are read without it.
    document TEXT NOT NULL,
    UNIQUE (trace, id)
) STRICT;
INSERT INTO span VALUES(1,1,'0000000000000001',NULL,'root','AGENT','OK',9000000000,9250000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"name": "root"}');
INSERT INTO span VALUES(2,1,'0000000000000002','0000000000000001','call','LLM','ERROR',9001000000,9100000000,3,4,7,NULL,NULL,NULL,0.25,0.5,0.75,'m','p','{"name": "call"}');
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
INSERT INTO tail VALUES(5,1795280992640,8,108,0.5,0,1,2,X'800000000000006C8000000000000008BFE000000000000000',5,1,X'6C000000000000000800000000000000000000000000E03F');
CREATE TABLE trace (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiment (id),
    client_request_id TEXT,
    name TEXT,
    session TEXT,
    requested_at INTEGER NOT NULL,
    -- In ms.
    duration INTEGER,
    state TEXT NOT NULL,
    request_preview TEXT,
    response_preview TEXT,
    artifact_uri TEXT NOT NULL,
    -- Whether it was described as a whole, so that spans no longer change what is said.
    is_described INTEGER NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    total_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_creation_tokens INTEGER,
    cache_creation_long_tokens INTEGER,
    input_cost REAL,
    output_cost REAL,
    total_cost REAL
) STRICT;
INSERT INTO trace VALUES(1,'tr-1',1,'c-1','predict','talk',9000,250,'OK','what?','it''s','s3://bucket/vision/traces/tr-1/artifacts',1,3,4,7,NULL,NULL,NULL,0.25,0.5,0.75);
INSERT INTO trace VALUES(2,'tr-00000000000000000000000000000002',1,NULL,NULL,NULL,9500,NULL,'IN_PROGRESS',NULL,NULL,'s3://bucket/vision/traces/tr-00000000000000000000000000000002/artifacts',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE trace_metadata (
    owner INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO trace_metadata VALUES(1,'mlflow.sourceRun','00000000000000000000000000000001');
CREATE TABLE trace_prompt (
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    prompt TEXT NOT NULL,
    PRIMARY KEY (trace, prompt)
) STRICT, WITHOUT ROWID;
INSERT INTO trace_prompt VALUES(1,'qa/2');
CREATE TABLE trace_run (
    trace INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    run TEXT NOT NULL,
    PRIMARY KEY (trace, run)
) STRICT, WITHOUT ROWID;
INSERT INTO trace_run VALUES(2,'00000000000000000000000000000001');
CREATE TABLE trace_tag (
    owner INTEGER NOT NULL REFERENCES trace (pk) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
INSERT INTO trace_tag VALUES(1,'mlflow.trace.spansLocation','TRACKING_STORE');
INSERT INTO trace_tag VALUES(1,'team','red');
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
INSERT INTO webhook VALUES(1,'00000000-0000-4000-8000-000000000001','told','words','https://hooks.example/x','ACTIVE','tops3cret',20000,21000);
INSERT INTO webhook VALUES(2,'00000000-0000-4000-8000-000000000002','silent',NULL,'https://hooks.example/y','DISABLED',NULL,20001,20001);
CREATE TABLE webhook_event (
    event TEXT NOT NULL,
    webhook INTEGER NOT NULL REFERENCES webhook (pk) ON DELETE CASCADE,
    PRIMARY KEY (event, webhook)
) STRICT, WITHOUT ROWID;
INSERT INTO webhook_event VALUES('prompt.created',1);
INSERT INTO webhook_event VALUES('registered_model.created',1);
INSERT INTO webhook_event VALUES('prompt_tag.set',2);
CREATE INDEX run_by_start ON run (experiment, started_at DESC, id);
CREATE INDEX logged_model_by_creation ON logged_model (experiment, created_at DESC, id);
CREATE UNIQUE INDEX model_metric_identity ON model_metric (
    model, key, time, step, run, value, is_nan, ifnull(dataset_name, ''), ifnull(dataset_digest, '')
);
CREATE INDEX model_version_by_run ON model_version (run);
CREATE INDEX model_alias_by_version ON model_alias (version);
CREATE INDEX outbox_by_subject ON outbox (subject_kind, subject);
CREATE INDEX sink_mark_kept_alive ON sink_mark (sink, subject_kind, subject) WHERE keep_alive = 1;
CREATE INDEX sink_mark_catching_up ON sink_mark (sink, subject_kind, subject) WHERE catch_up IS NOT NULL;
CREATE INDEX sink_mark_lost ON sink_mark (sink, subject_kind, subject) WHERE lost = 1;
CREATE INDEX dead_letter_by_sink ON dead_letter (sink);
CREATE TRIGGER blocks_gone AFTER DELETE ON series BEGIN
    DELETE FROM block WHERE pk >= old.pk << 16 AND pk < (old.pk + 1) << 16;
END;
CREATE TRIGGER chunk_gone AFTER DELETE ON chunk BEGIN
    DELETE FROM chunk_bytes WHERE pk = old.bytes;
END;
CREATE INDEX model_metric_by_run ON model_metric (run);
CREATE VIEW latest AS
SELECT
    series.pk, series.run, series.key,
    ifnull(tail.last_step, series.last_step) AS step,
    ifnull(tail.last_time, series.last_time) AS time,
    ifnull(tail.last_value, series.last_value) AS value,
    ifnull(tail.last_is_nan, series.last_is_nan) AS is_nan
FROM series LEFT JOIN tail ON tail.series = series.pk;
CREATE INDEX tail_unranked ON tail (unranked) WHERE unranked IS NOT NULL;
CREATE INDEX run_param_by_value ON run_param (experiment, key, substr(value, 1, 64));
CREATE INDEX run_tag_by_value ON run_tag (experiment, key, substr(value, 1, 64));
CREATE INDEX webhook_by_creation ON webhook (created_at, pk);
CREATE INDEX webhook_event_by_webhook ON webhook_event (webhook);
CREATE INDEX delivery_waiting ON delivery (webhook, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_ended ON delivery (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX delivery_by_webhook ON delivery (webhook, id);
CREATE INDEX dataset_input_by_dataset ON dataset_input (dataset);
CREATE INDEX trace_by_request ON trace (experiment, requested_at DESC, id);
CREATE INDEX trace_by_session ON trace (experiment, session) WHERE session IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO sqlite_sequence VALUES('experiment',2);
INSERT INTO sqlite_sequence VALUES('outbox',5);
INSERT INTO sqlite_sequence VALUES('dead_letter',2);
INSERT INTO sqlite_sequence VALUES('delivery',2);
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
INSERT INTO "scorer" VALUES(1,'0496c0a2-d5b0-41c4-aea3-376551b4b17a',1,'polite','6a3b2e345fb377d7666a5aa4d9983d3b',0.0,'status = ''OK''');
INSERT INTO "scorer_version" VALUES(1,1,'{"name": "polite", "builtin_scorer_pydantic_data": {"model": "openai:/gpt"}}',1795317360628);
INSERT INTO "scorer_version" VALUES(1,2,'{"name": "polite"}',1795317360653);
INSERT INTO "evaluation_dataset" VALUES(1,'d-7acae177fc2ffa5242f03421a30c774a','questions',1795317360675,1795317360693,1795317360693,'ada',NULL,'{"inputs": {"q": "string"}, "outputs": "float", "expectations": {"a": "integer"}, "version": "1.0"}',2);
INSERT INTO "evaluation_dataset_tag" VALUES(1,'mlflow.user','ada');
INSERT INTO "evaluation_dataset_tag" VALUES(1,'team','red');
INSERT INTO "evaluation_dataset_experiment" VALUES(1,1,1795317360675);
INSERT INTO "evaluation_record" VALUES(1,'dr-2f74a5d8f56cf80700f1bd2a434fb1f7',1,X'0E587110C2830D00922C2E53D78FA36E85120D97C768562CFBDD009CD3AD6DEC','{"q": "wh\u00e4t?"}','{}','{"a": 1}','{}','TRACE','{"trace_id": "tr-1"}',1795317360693,1795317360693,NULL,NULL);
INSERT INTO "evaluation_record" VALUES(2,'dr-3daa6616156771e13d805fbf7eb27bb5',1,X'9B92B9054322BBDC69A6A0B09B81198A55AC90F80D0927A74AFC0B109B7D34A9','{"q": "why?"}','NaN',NULL,'{}',NULL,NULL,1795317360693,1795317360693,NULL,NULL);
INSERT INTO "assessment" VALUES(1,'a-1',1,'quality','feedback','0.5',0.5,'E',NULL,NULL,'human','ada',NULL,'why',NULL,0,0,1795317360802,1795317360802);
INSERT INTO "assessment" VALUES(2,'a-2',1,'quality','feedback','0.75',0.75,NULL,NULL,NULL,'code',NULL,NULL,NULL,'a-1',1,0,1795317360825,1795317360825);
INSERT INTO "assessment_metadata" VALUES(1,'k','v');
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
INSERT INTO run_document VALUES(1,1,'wandb.config','{"lr": {"value": 0.1}}');
INSERT INTO run_document VALUES(2,1,'wandb.summary','it''s');
INSERT INTO line_block VALUES(1,1,'wandb.history','',0,2,0,5,replace('{"_step": 0}\012{"_step": 5, "t": "a\\b\nc"}','\012',char(10)));
INSERT INTO line_block VALUES(2,1,'wandb.history','w',3,1,NULL,NULL,'x');
INSERT INTO secret VALUES('wandb.urls',X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
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
INSERT INTO collection VALUES(1,1,'data','dataset','versions','words',1000,3000,2);
INSERT INTO collection VALUES(2,1,'best','dataset','links',NULL,1000,3000,1);
INSERT INTO bundle VALUES(1,1,0,'d0','COMMITTED',NULL,'{"rows": 2}',1,7,'client','["latest"]',NULL,2000,3000,5,1);
INSERT INTO bundle VALUES(2,1,NULL,'d1','PENDING',NULL,NULL,NULL,NULL,NULL,'["latest"]','[{"kind":"FULL","digest":"XUFAKrxLKna5cZ2REBfFkg==","base":null}]',2500,2500,0,0);
INSERT INTO bundle_label VALUES(1,'checked');
INSERT INTO bundle_file VALUES(1,'a','eV8yArF8trwuM8tE0ZWLpg==',5,NULL,NULL);
INSERT INTO member VALUES(1,0,1,3000);
INSERT INTO member VALUES(2,0,1,3000);
INSERT INTO member_alias VALUES(1,'latest',1);
INSERT INTO sweep VALUES(1,'sw1',1,NULL,NULL,'method: grid','RUNNING',1000,1000,3);
INSERT INTO api_key VALUES('ci',X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',1000);
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
UPDATE bundle SET lifetime_secs = 86400 WHERE pk = 1;
UPDATE collection SET labels = '["a"]' WHERE pk = 1;
INSERT INTO ledger VALUES(1,'classifier',NULL,X'8552A31BEE18A0393CB8F73D9A38A771E3D39CD224F4EA9DAF1A668421CAF664','{"v":1,"seq":1,"previous":"0000000000000000000000000000000000000000000000000000000000000000","at":1795369004216,"model":"classifier","action":"find-model","by":{},"effects":[{"what":"present","after":"true"},{"what":"description","after":"best"},{"what":"tag","key":"k","after":"v"},{"what":"tag","key":"t","after":"1"},{"version":1,"what":"present","after":"true"},{"version":1,"what":"stage","after":"Production"},{"version":1,"what":"source","after":"s3://bucket/m"},{"version":1,"what":"run","after":"00000000000000000000000000000001"},{"version":1,"what":"tag","key":"v","after":"0"},{"version":2,"what":"present","after":"true"},{"version":2,"what":"stage","after":"None"},{"version":2,"what":"source","after":"s3://bucket/m"},{"version":2,"what":"run","after":"00000000000000000000000000000001"},{"version":2,"what":"tag","key":"v","after":"1"},{"what":"alias","key":"champion","after":"2"}]}');
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
INSERT INTO promotion VALUES(1,1,'Staging',0,'alice',1795369004216,'better','pending',NULL);
INSERT INTO vote VALUES(1,'bob',1,1795369004217,NULL);
COMMIT;
