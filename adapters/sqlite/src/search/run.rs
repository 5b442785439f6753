//! Fields of runs.

use trackside_core::query::{DatasetField, RunField};

use super::{
    Searchable,
    binds::Binds,
    place::{Joined, Kind, Place},
};

impl Searchable for RunField {
    const FROM: &'static str = "run";
    const KEY: &'static str = "run.pk";
    const DEFAULT_ORDER: &'static str = "run.started_at DESC, run.id";
    const TIES: &'static str = "run.id";

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Id => Place::text("run.id"),
            Self::Name => Place::text("run.name"),
            Self::User => Place::text("run.user"),
            Self::Status => Place::text("run.status"),
            Self::ArtifactUri => Place::text("run.artifact_uri"),
            Self::StartedAt => Place::number("run.started_at"),
            Self::EndedAt => Place::number("run.ended_at"),
            Self::Metric(key) => {
                let key = binds.bind(key.as_str().to_owned());
                let on = format!("{alias}.run = run.pk AND {alias}.key = {key}");
                // Its latest point is with its tail while it has one.
                let with = format!(" LEFT JOIN tail AS {alias}t ON {alias}t.series = {alias}.pk");
                let joined = Joined { table: format!("series AS {alias}"), on, with, many: false };
                let latest = |column| format!("ifnull({alias}t.last_{column}, {alias}.last_{column})");
                let kind = Kind::NumberOrNan(format!("({} > 0)", latest("is_nan")));
                Place { kind, ..Place::number(&latest("value")).of(joined) }
            }
            Self::Param(key) => Place::key_value("run_param", alias, "run.pk", &binds.bind(key.as_str().to_owned())),
            Self::Tag(key) => Place::key_value("run_tag", alias, "run.pk", &binds.bind(key.as_str().to_owned())),
            Self::Dataset(field) => dataset(*field),
        }
    }
}

fn dataset(field: DatasetField) -> Place {
    let (table, on, value) = match field {
        DatasetField::Name => ("dataset AS d", "d.pk = i.dataset", "d.name"),
        DatasetField::Digest => ("dataset AS d", "d.pk = i.dataset", "d.digest"),
        DatasetField::Context => {
            ("dataset_input_tag AS t", "t.owner = i.pk AND t.key = 'mlflow.data.context'", "t.value")
        }
    };
    let table = format!("dataset_input AS i JOIN {table} ON {on}");
    Place::text(value).of(Joined { table, on: "i.run = run.pk".to_owned(), with: String::new(), many: true })
}
