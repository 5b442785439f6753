//! Scorers.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    ExperimentId, Key, NewScorerVersion, OnlineScoring, Result, ScorerChange, ScorerId, ScorerSchedule, ScorerVersion,
    WhichVersions, fault, store::Scorers,
};

use crate::{
    SqliteStore, error, experiments,
    owners::json_array,
    rows::{Columns, execute, number},
};

/// Versions with their scorers; a condition follows.
const VERSIONS: &str = "SELECT s.id, s.experiment, s.name, v.number, v.definition, v.created_at \
                        FROM scorer AS s JOIN scorer_version AS v ON v.scorer = s.pk";

#[async_trait]
impl Scorers for SqliteStore {
    async fn create_scorer_version(&self, new: NewScorerVersion) -> Result<ScorerVersion> {
        self.write(move |connection| insert(connection, &new)).await
    }

    async fn scorer_versions(
        &self,
        experiment: ExperimentId,
        name: &Key,
        which: WhichVersions,
    ) -> Result<Vec<ScorerVersion>> {
        let name = name.clone();
        self.read(move |connection| {
            let pk = require(connection, experiment, &name)?;
            let found = versions(connection, pk, which)?;
            if found.is_empty() {
                return Err(absent(experiment, &name, which).into());
            }
            Ok(found)
        })
        .await
    }

    async fn latest_scorers(&self, experiments: Option<Vec<ExperimentId>>) -> Result<Vec<ScorerVersion>> {
        self.read(move |connection| latest(connection, experiments.as_deref())).await
    }

    async fn change_scorer(&self, experiment: ExperimentId, name: &Key, change: ScorerChange) -> Result<()> {
        let name = name.clone();
        self.write(move |connection| apply(connection, experiment, &name, &change)).await
    }

    async fn scorer_schedules(&self, scorers: Vec<ScorerId>) -> Result<Vec<ScorerSchedule>> {
        self.read(move |connection| schedules(connection, &scorers)).await
    }
}

/// The primary key of a scorer of an active experiment.
fn require(connection: &Connection, experiment: ExperimentId, name: &Key) -> error::Result<i64> {
    experiments::require_active(connection, experiment)?;
    let found = pk(connection, experiment, name)?;
    Ok(found.ok_or_else(|| fault::scorer_not_found(experiment, name))?)
}

fn pk(connection: &Connection, experiment: ExperimentId, name: &Key) -> error::Result<Option<i64>> {
    let sql = "SELECT pk FROM scorer WHERE experiment = ?1 AND name = ?2";
    number(connection, sql, params![experiment.get(), name.as_str()])
}

fn insert(connection: &Connection, new: &NewScorerVersion) -> error::Result<ScorerVersion> {
    experiments::require_active(connection, new.experiment)?;
    let sql = "INSERT INTO scorer (id, experiment, name) VALUES (?1, ?2, ?3) ON CONFLICT (experiment, name) DO NOTHING";
    execute(connection, sql, params![new.scorer.as_str(), new.experiment.get(), new.name.as_str()])?;
    let pk = require(connection, new.experiment, &new.name)?;
    let sql = "INSERT INTO scorer_version (scorer, number, definition, created_at) \
               SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM scorer_version WHERE scorer = ?1";
    execute(connection, sql, params![pk, new.definition, new.created_at.millis()])?;
    let created = versions(connection, pk, WhichVersions::Latest)?.pop();
    Ok(created.ok_or_else(|| fault::scorer_not_found(new.experiment, &new.name))?)
}

fn versions(connection: &Connection, pk: i64, which: WhichVersions) -> error::Result<Vec<ScorerVersion>> {
    let (condition, number) = match which {
        WhichVersions::All => ("?2 IS NULL ORDER BY v.number", None),
        WhichVersions::Latest => ("?2 IS NULL ORDER BY v.number DESC LIMIT 1", None),
        WhichVersions::Number(number) => ("v.number = ?2", Some(number)),
    };
    let mut statement = connection.prepare_cached(&format!("{VERSIONS} WHERE s.pk = ?1 AND {condition}"))?;
    Ok(statement.query_map(params![pk, number], version)?.collect::<rusqlite::Result<_>>()?)
}

fn latest(connection: &Connection, experiments: Option<&[ExperimentId]>) -> error::Result<Vec<ScorerVersion>> {
    let ids: Option<Vec<i64>> = experiments.map(|ids| ids.iter().map(|id| id.get()).collect());
    let sql = format!(
        "{VERSIONS} JOIN experiment AS e ON e.id = s.experiment \
         WHERE (?1 IS NULL OR s.experiment IN (SELECT value FROM json_each(?1))) AND e.deleted_at IS NULL \
         AND v.number = (SELECT max(number) FROM scorer_version WHERE scorer = s.pk) ORDER BY s.experiment, s.name"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map([ids.map(|ids| json_array(&ids))], version)?.collect::<rusqlite::Result<_>>()?)
}

fn apply(connection: &Connection, experiment: ExperimentId, name: &Key, change: &ScorerChange) -> error::Result<()> {
    let pk = require(connection, experiment, name)?;
    match change {
        ScorerChange::DeleteVersion(number) => {
            let sql = "DELETE FROM scorer_version WHERE scorer = ?1 AND number = ?2";
            let n_removed = execute(connection, sql, [pk, *number])?;
            let absent = || fault::scorer_version_not_found(experiment, name, *number);
            if n_removed > 0 { Ok(()) } else { Err(absent().into()) }
        }
        ScorerChange::Delete => {
            if number(connection, "SELECT 1 FROM scorer_version WHERE scorer = ?1 LIMIT 1", [pk])?.is_none() {
                return Err(fault::scorer_not_found(experiment, name).into());
            }
            // Its versions follow by their foreign key.
            execute(connection, "DELETE FROM scorer WHERE pk = ?1", [pk]).map(drop)
        }
        ScorerChange::Schedule(online) => {
            let sql = "UPDATE scorer SET schedule = ?2, sample_rate = ?3, filter = ?4 WHERE pk = ?1";
            execute(connection, sql, params![pk, online.id, online.sample_rate, online.filter]).map(drop)
        }
    }
}

fn schedules(connection: &Connection, scorers: &[ScorerId]) -> error::Result<Vec<ScorerSchedule>> {
    let ids: Vec<_> = scorers.iter().map(ScorerId::as_str).collect();
    let sql = "SELECT id, experiment, schedule, sample_rate, filter FROM scorer \
               WHERE id IN (SELECT value FROM json_each(?1)) AND schedule IS NOT NULL ORDER BY pk";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([serde_json::Value::from(ids).to_string()], |row| {
        Ok(ScorerSchedule {
            scorer: ScorerId::new(row.get::<_, String>(0)?),
            experiment: ExperimentId::new(row.get(1)?),
            online: OnlineScoring { id: row.get(2)?, sample_rate: row.get(3)?, filter: row.get(4)? },
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn absent(experiment: ExperimentId, name: &Key, which: WhichVersions) -> trackside_core::Error {
    match which {
        WhichVersions::Number(number) => fault::scorer_version_not_found(experiment, name, number),
        WhichVersions::All | WhichVersions::Latest => fault::scorer_not_found(experiment, name),
    }
}

fn version(row: &Row<'_>) -> rusqlite::Result<ScorerVersion> {
    Ok(ScorerVersion {
        scorer: ScorerId::new(row.get::<_, String>(0)?),
        experiment: ExperimentId::new(row.get(1)?),
        name: row.key(2)?,
        number: row.get(3)?,
        definition: row.get(4)?,
        created_at: row.instant(5)?,
    })
}
