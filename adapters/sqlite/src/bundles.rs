//! Bundles: how they come to be and change. Elsewhere: their files (`bundle_files.rs`), where they are members and what
//! they are called there (`members.rs`), what of them nobody needs any more (`bundle_removal.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    ArtifactPath, Bundle, BundleChange, BundleFile, BundleId, BundleNumber, BundleRelation, BundleState, CollectionId,
    CollectionRole, Member, NewBundle, Result, RunId, Timestamp, WhichMember, fault, store::Bundles,
};

use crate::{
    SqliteStore, bundle_files, bundle_removal, collections, error, members,
    owners::Owners,
    rows::{Columns, execute, integer, number, unreadable},
    runs,
};

#[async_trait]
impl Bundles for SqliteStore {
    async fn create_bundle(&self, new: NewBundle) -> Result<Bundle> {
        self.write(move |connection| create(connection, &new)).await
    }

    async fn bundle(&self, id: BundleId) -> Result<Option<Bundle>> {
        self.read(move |connection| Ok(load(connection, &[id.get()])?.pop())).await
    }

    async fn bundle_of_client(&self, client_id: &str) -> Result<Option<BundleId>> {
        let client_id = client_id.to_owned();
        self.read(move |connection| {
            let sql = "SELECT pk FROM bundle WHERE client_id = ?1 UNION ALL \
                       SELECT a.bundle FROM collection_client_id AS c JOIN member_alias AS a \
                       ON a.collection = c.collection AND a.alias = 'latest' WHERE c.client_id = ?1 LIMIT 1";
            Ok(number(connection, sql, [client_id])?.map(BundleId::new))
        })
        .await
    }

    async fn add_bundle_files(&self, id: BundleId, files: Vec<BundleFile>) -> Result<()> {
        self.write(move |connection| {
            require_pending(connection, id)?;
            bundle_files::add(connection, id, &files)
        })
        .await
    }

    async fn number_bundle(&self, id: BundleId) -> Result<BundleNumber> {
        self.write(move |connection| numbered(connection, id)).await
    }

    async fn commit_bundle(&self, id: BundleId, files: Vec<BundleFile>, at: Timestamp) -> Result<Bundle> {
        self.write(move |connection| {
            commit(connection, id, &files, at)?;
            require(connection, id)
        })
        .await
    }

    async fn change_bundle(&self, id: BundleId, change: BundleChange, at: Timestamp) -> Result<()> {
        self.write(move |connection| apply(connection, id, &change, at)).await
    }

    async fn bundle_files(&self, id: BundleId, after: Option<&ArtifactPath>, limit: usize) -> Result<Vec<BundleFile>> {
        let after = after.map(|path| path.as_str().to_owned());
        self.read(move |connection| bundle_files::page(connection, id, after.as_deref(), limit)).await
    }

    async fn member(&self, collection: CollectionId, which: WhichMember) -> Result<Option<Member>> {
        self.read(move |connection| members::one(connection, collection, &which)).await
    }

    async fn members(
        &self,
        collection: CollectionId,
        before: Option<BundleNumber>,
        limit: usize,
    ) -> Result<Vec<Member>> {
        self.read(move |connection| members::of_collection(connection, collection, before, limit)).await
    }

    async fn memberships(&self, id: BundleId) -> Result<Vec<Member>> {
        self.read(move |connection| members::of_bundle(connection, id)).await
    }

    async fn bundles_of_run(
        &self,
        run: &RunId,
        relation: BundleRelation,
        after: Option<BundleId>,
        limit: usize,
    ) -> Result<Vec<Member>> {
        let run = run.clone();
        self.read(move |connection| members::of_run(connection, &run, relation, after, limit)).await
    }

    async fn users_of_bundle(&self, id: BundleId) -> Result<Vec<RunId>> {
        self.read(move |connection| {
            let sql = "SELECT run.id FROM bundle_use AS u JOIN run ON run.pk = u.run \
                       WHERE u.bundle = ?1 ORDER BY u.used_at, run.id LIMIT 1000";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([id.get()], |row| row.run_id(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn unneeded_digests(&self, digests: Vec<String>) -> Result<Vec<String>> {
        self.read(move |connection| bundle_removal::unneeded_digests(connection, digests)).await
    }

    async fn expired_bundles(&self, until: Timestamp, after: Option<BundleId>, limit: usize) -> Result<Vec<BundleId>> {
        self.read(move |connection| bundle_removal::expired(connection, until, after, limit)).await
    }
}

fn create(connection: &Connection, new: &NewBundle) -> error::Result<Bundle> {
    let home = collections::require(connection, new.home)?;
    if home.role != CollectionRole::Versions {
        return Err(fault::collection_differs(&home.name, &home.kind).into());
    }
    if let Some(client_id) = &new.home_client_id {
        let sql = "INSERT INTO collection_client_id (client_id, collection) VALUES (?1, ?2) \
                   ON CONFLICT (client_id) DO UPDATE SET collection = excluded.collection";
        execute(connection, sql, params![client_id, new.home.get()])?;
    }
    if let Some(known) = number(connection, "SELECT pk FROM bundle WHERE client_id = ?1", [&new.client_id])? {
        return require(connection, BundleId::new(known));
    }
    let sql = "SELECT max(pk) FROM bundle WHERE home = ?1 AND digest = ?2 AND state = ?3";
    let committed = BundleState::Committed.as_str();
    let same: Option<i64> =
        connection.prepare_cached(sql)?.query_row(params![new.home.get(), new.digest, committed], |row| row.get(0))?;
    if let Some(same) = same.map(BundleId::new) {
        members::set_aliases(connection, same, new.home, &new.aliases)?;
        if let Some(secs) = new.lifetime_secs {
            apply(connection, same, &BundleChange::SetLifetime(Some(secs)), new.created_at)?;
        }
        collections::touch(connection, new.home, new.created_at)?;
        return require(connection, same);
    }
    insert(connection, new)
}

fn insert(connection: &Connection, new: &NewBundle) -> error::Result<Bundle> {
    let run = match &new.run {
        Some(run) => Some(runs::pk(connection, run)?.ok_or_else(|| fault::run_not_found(run))?),
        None => None,
    };
    let sql = "INSERT INTO bundle (home, digest, state, description, metadata, run, step, client_id, wanted_aliases, \
               created_at, updated_at, lifetime_secs) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)";
    execute(
        connection,
        sql,
        params![
            new.home.get(),
            new.digest,
            BundleState::Pending.as_str(),
            new.description,
            new.metadata,
            run,
            new.step,
            new.client_id,
            members::written(&new.aliases),
            new.created_at.millis(),
            new.lifetime_secs.map(integer),
        ],
    )?;
    let id = BundleId::new(connection.last_insert_rowid());
    add_labels(connection, id, &new.labels)?;
    require(connection, id)
}

fn numbered(connection: &Connection, id: BundleId) -> error::Result<BundleNumber> {
    let bundle = require_pending(connection, id)?;
    if let Some(number) = bundle.number {
        return Ok(number);
    }
    let taken = collections::take_number(connection, bundle.home)?;
    execute(connection, "UPDATE bundle SET number = ?2 WHERE pk = ?1", [id.get(), taken])?;
    Ok(BundleNumber::try_from(taken).map_err(unreadable)?)
}

fn commit(connection: &Connection, id: BundleId, files: &[BundleFile], at: Timestamp) -> error::Result<()> {
    if require(connection, id)?.state == BundleState::Committed {
        return Ok(());
    }
    let number = numbered(connection, id)?;
    execute(connection, "DELETE FROM bundle_file WHERE bundle = ?1", [id.get()])?;
    bundle_files::add(connection, id, files)?;
    let size = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    let sql = "UPDATE bundle SET state = ?2, size = ?3, n_files = ?4, updated_at = ?5, draft = NULL WHERE pk = ?1";
    let (state, n_files) = (BundleState::Committed.as_str(), integer(files.len() as u64));
    execute(connection, sql, params![id.get(), state, integer(size), n_files, at.millis()])?;
    let home = require(connection, id)?.home;
    members::add(connection, home, i64::from(number), id, at)?;
    let sql = "SELECT wanted_aliases FROM bundle WHERE pk = ?1";
    let wanted: String = connection.prepare_cached(sql)?.query_row([id.get()], |row| row.get(0))?;
    members::set_aliases(connection, id, home, &members::read_back(&wanted)?)?;
    collections::touch(connection, home, at)
}

fn apply(connection: &Connection, id: BundleId, change: &BundleChange, at: Timestamp) -> error::Result<()> {
    let bundle = require(connection, id)?;
    if bundle.state == BundleState::Deleted {
        return Err(fault::bundle_not_found(id).into());
    }
    match change {
        BundleChange::Describe(text) => {
            execute(connection, "UPDATE bundle SET description = ?2 WHERE pk = ?1", params![id.get(), text])?;
        }
        BundleChange::SetMetadata(json) => {
            execute(connection, "UPDATE bundle SET metadata = ?2 WHERE pk = ?1", params![id.get(), json])?;
        }
        BundleChange::Draft(text) => {
            require_pending(connection, id)?;
            execute(connection, "UPDATE bundle SET draft = ?2 WHERE pk = ?1", params![id.get(), text])?;
        }
        BundleChange::AddLabels(labels) => add_labels(connection, id, labels)?,
        BundleChange::DeleteLabels(labels) => {
            for label in labels {
                let sql = "DELETE FROM bundle_label WHERE owner = ?1 AND label = ?2";
                execute(connection, sql, params![id.get(), label])?;
            }
        }
        BundleChange::SetLifetime(secs) => {
            let sql = "UPDATE bundle SET lifetime_secs = ?2 WHERE pk = ?1";
            execute(connection, sql, params![id.get(), secs.map(integer)])?;
        }
        BundleChange::SetAliases(collection, aliases) => {
            members::require(connection, id, *collection)?;
            members::set_aliases(connection, id, *collection, aliases)?;
        }
        BundleChange::DeleteAliases(collection, aliases) => {
            members::delete_aliases(connection, id, *collection, aliases)?;
        }
        BundleChange::Link(collection, aliases) => members::link(connection, &bundle, *collection, aliases, at)?,
        BundleChange::Unlink(collection) => members::unlink(connection, &bundle, *collection)?,
        BundleChange::Use(run) => {
            let pk = runs::pk(connection, run)?.ok_or_else(|| fault::run_not_found(run))?;
            let sql = "INSERT INTO bundle_use (bundle, run, used_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            execute(connection, sql, [id.get(), pk, at.millis()])?;
            // To be used changes nothing of it.
            return Ok(());
        }
        BundleChange::Delete => {
            for table in ["bundle_file", "member", "member_alias", "bundle_use"] {
                execute(connection, &format!("DELETE FROM {table} WHERE bundle = ?1"), [id.get()])?;
            }
            let sql = "UPDATE bundle SET state = ?2 WHERE pk = ?1";
            execute(connection, sql, params![id.get(), BundleState::Deleted.as_str()])?;
        }
    }
    execute(connection, "UPDATE bundle SET updated_at = ?2 WHERE pk = ?1", [id.get(), at.millis()])?;
    collections::touch(connection, bundle.home, at)
}

fn add_labels(connection: &Connection, id: BundleId, labels: &[String]) -> error::Result<()> {
    for label in labels {
        let sql = "INSERT INTO bundle_label (owner, label) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        execute(connection, sql, params![id.get(), label])?;
    }
    Ok(())
}

/// `NotFound` when there is none of this id.
fn require(connection: &Connection, id: BundleId) -> error::Result<Bundle> {
    Ok(load(connection, &[id.get()])?.pop().ok_or_else(|| fault::bundle_not_found(id))?)
}

fn require_pending(connection: &Connection, id: BundleId) -> error::Result<Bundle> {
    let bundle = require(connection, id)?;
    if bundle.state == BundleState::Pending { Ok(bundle) } else { Err(fault::bundle_not_pending(id).into()) }
}

/// Bundles in the order of their primary keys as given.
pub(crate) fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<Bundle>> {
    let owners = Owners::new(pks);
    let from = "bundle ON bundle.pk = page.value LEFT JOIN run ON run.pk = bundle.run";
    let mut bundles = owners.rows(connection, "bundle.*, run.id AS run_id", from, read)?;
    let sql = "SELECT owner, label FROM bundle_label WHERE owner {owners} ORDER BY owner, label";
    owners.parts(connection, sql, |position, row| {
        if let Some(bundle) = bundles.get_mut(position) {
            bundle.labels.push(row.get(1)?);
        }
        Ok(())
    })?;
    Ok(bundles)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Bundle> {
    Ok(Bundle {
        id: BundleId::new(row.get("pk")?),
        home: CollectionId::new(row.get("home")?),
        number: row.get("number")?,
        digest: row.get("digest")?,
        state: row.parsed("state", BundleState::parse)?,
        description: row.get("description")?,
        metadata: row.get("metadata")?,
        run: row.optional_run_id("run_id")?,
        step: row.get("step")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        size: row.count("size")?,
        n_files: row.count("n_files")?,
        labels: Vec::new(),
        lifetime_secs: row
            .get::<_, Option<i64>>("lifetime_secs")?
            .map(|secs| u64::try_from(secs).map_err(unreadable))
            .transpose()?,
        draft: row.get("draft")?,
    })
}
