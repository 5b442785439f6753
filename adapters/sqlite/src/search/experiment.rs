//! Fields of experiments.

use trackside_core::query::ExperimentField;

use super::{Column, Searchable, binds::Binds, place::Place};

impl Searchable for ExperimentField {
    const FROM: &'static str = "experiment";
    const KEY: &'static str = "experiment.id";
    const DEFAULT_ORDER: &'static [Column] = &[("experiment.created_at", false), ("experiment.id", true)];
    const TIES: &'static [Column] = &[("experiment.id", false)];

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Id => Place { order: Some("experiment.id"), ..Place::text("CAST(experiment.id AS TEXT)") },
            Self::Name => Place::text("experiment.name"),
            Self::CreatedAt => Place::number("experiment.created_at"),
            Self::UpdatedAt => Place::number("experiment.updated_at"),
            Self::Tag(key) => {
                Place::key_value("experiment_tag", alias, "experiment.id", &binds.bind(key.as_str().to_owned()))
            }
        }
    }
}
