//! Evaluation datasets. Elsewhere: their records (`evaluation_records.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    EvaluationDataset, EvaluationDatasetChange, EvaluationDatasetId, EvaluationSchema, ExperimentId,
    NewEvaluationDataset, Page, PageRequest, Query, Result, Timestamp, fault, query::EvaluationDatasetField,
    store::EvaluationDatasets,
};

use crate::{
    SqliteStore, error,
    key_values::EVALUATION_DATASET_TAGS,
    owners::Owners,
    rows::{Columns, execute, number, unreadable},
    search::Search,
};

#[async_trait]
impl EvaluationDatasets for SqliteStore {
    async fn create_evaluation_dataset(&self, new: NewEvaluationDataset) -> Result<EvaluationDataset> {
        self.write(move |connection| {
            let pk = insert(connection, &new)?;
            let created = load(connection, &[pk])?.pop();
            Ok(created.ok_or_else(|| fault::evaluation_dataset_not_found(&new.id))?)
        })
        .await
    }

    async fn evaluation_dataset(&self, id: &EvaluationDatasetId) -> Result<Option<EvaluationDataset>> {
        let id = id.clone();
        self.read(move |connection| {
            let pk = pk(connection, &id)?;
            Ok(load(connection, pk.as_slice())?.pop())
        })
        .await
    }

    async fn experiments_of_evaluation_dataset(&self, id: &EvaluationDatasetId) -> Result<Vec<ExperimentId>> {
        let id = id.clone();
        self.read(move |connection| {
            let sql = "SELECT e.experiment FROM evaluation_dataset AS d \
                       JOIN evaluation_dataset_experiment AS e ON e.owner = d.pk \
                       WHERE d.id = ?1 ORDER BY e.added_at, CAST(e.experiment AS TEXT)";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([id.as_str()], |row| row.get(0).map(ExperimentId::new))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn change_evaluation_dataset(
        &self,
        id: &EvaluationDatasetId,
        change: EvaluationDatasetChange,
        at: Timestamp,
    ) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| apply(connection, &id, &change, at)).await
    }

    async fn search_evaluation_datasets(
        &self,
        experiments: Option<Vec<ExperimentId>>,
        query: Query<EvaluationDatasetField>,
        page: PageRequest,
    ) -> Result<Page<EvaluationDataset>> {
        self.read(move |connection| {
            let mut search = Search::default();
            if let Some(experiments) = experiments {
                let ids: Vec<_> = experiments.iter().map(|id| id.get()).collect();
                search.linked_to_experiments("evaluation_dataset.pk", "evaluation_dataset_experiment", &ids);
            }
            let found = search.find(connection, &query, &page)?;
            Ok(Page { items: load(connection, &found.items)?, next: found.next })
        })
        .await
    }
}

pub(crate) fn pk(connection: &Connection, id: &EvaluationDatasetId) -> error::Result<Option<i64>> {
    number(connection, "SELECT pk FROM evaluation_dataset WHERE id = ?1", [id.as_str()])
}

fn insert(connection: &Connection, new: &NewEvaluationDataset) -> error::Result<i64> {
    let inserted = number(
        connection,
        "INSERT INTO evaluation_dataset \
         (id, name, created_at, updated_at, written_at, created_by, updated_by, n_records) \
         VALUES (?1, ?2, ?3, ?3, ?3, ?4, ?4, 0) ON CONFLICT (id) DO NOTHING RETURNING pk",
        params![new.id.as_str(), new.name.as_str(), new.created_at.millis(), new.created_by],
    )?;
    let pk = inserted.ok_or_else(|| fault::evaluation_dataset_exists(&new.id))?;
    EVALUATION_DATASET_TAGS.set(connection, pk, &new.tags)?;
    add_experiments(connection, pk, &new.experiments, new.created_at)?;
    Ok(pk)
}

fn apply(
    connection: &Connection,
    id: &EvaluationDatasetId,
    change: &EvaluationDatasetChange,
    at: Timestamp,
) -> error::Result<()> {
    use EvaluationDatasetChange::{AddExperiments, Delete, DeleteTag, RemoveExperiments, SetTags};

    let Some(pk) = pk(connection, id)? else {
        return match change {
            DeleteTag(_) | Delete => Ok(()),
            SetTags(_) => Err(fault::tagged_evaluation_dataset_not_found(id).into()),
            AddExperiments(_) | RemoveExperiments(_) => Err(fault::moved_evaluation_dataset_not_found(id).into()),
        };
    };
    match change {
        SetTags(tags) => EVALUATION_DATASET_TAGS.set(connection, pk, tags),
        DeleteTag(key) => EVALUATION_DATASET_TAGS.remove(connection, pk, key).map(drop),
        AddExperiments(experiments) => {
            add_experiments(connection, pk, experiments, at)?;
            touch(connection, pk, at)
        }
        RemoveExperiments(experiments) => {
            let sql = "DELETE FROM evaluation_dataset_experiment WHERE owner = ?1 AND experiment = ?2";
            let mut n_removed = 0;
            for experiment in experiments {
                n_removed += execute(connection, sql, [pk, experiment.get()])?;
            }
            if n_removed > 0 { touch(connection, pk, at) } else { Ok(()) }
        }
        // Its parts follow by their foreign keys.
        Delete => execute(connection, "DELETE FROM evaluation_dataset WHERE pk = ?1", [pk]).map(drop),
    }
}

fn add_experiments(connection: &Connection, pk: i64, experiments: &[ExperimentId], at: Timestamp) -> error::Result<()> {
    for id in experiments {
        if number(connection, "SELECT 1 FROM experiment WHERE id = ?1", [id.get()])?.is_none() {
            return Err(fault::no_such_experiment(id).into());
        }
        let sql = "INSERT INTO evaluation_dataset_experiment (owner, experiment, added_at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO NOTHING";
        execute(connection, sql, [pk, id.get(), at.millis()])?;
    }
    Ok(())
}

fn touch(connection: &Connection, pk: i64, at: Timestamp) -> error::Result<()> {
    let sql = "UPDATE evaluation_dataset SET updated_at = ?2 WHERE pk = ?1";
    execute(connection, sql, [pk, at.millis()]).map(drop)
}

fn load(connection: &Connection, pks: &[i64]) -> error::Result<Vec<EvaluationDataset>> {
    let owners = Owners::new(pks);
    let from = "evaluation_dataset ON evaluation_dataset.pk = page.value";
    let mut datasets = owners.rows(connection, "evaluation_dataset.*", from, read)?;
    EVALUATION_DATASET_TAGS.load(connection, &owners, |position, tag| datasets[position].tags.push(tag))?;
    Ok(datasets)
}

fn read(row: &Row<'_>) -> rusqlite::Result<EvaluationDataset> {
    let schema: Option<String> = row.get("schema")?;
    Ok(EvaluationDataset {
        id: EvaluationDatasetId::new(row.get::<_, String>("id")?),
        name: row.key("name")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        written_at: row.instant("written_at")?,
        created_by: row.get("created_by")?,
        updated_by: row.get("updated_by")?,
        tags: Vec::new(),
        n_records: row.count("n_records")?,
        schema: schema.map(|text| EvaluationSchema::parse(&text)).transpose().map_err(unreadable)?,
    })
}
