//! Fields of evaluation datasets.

use trackside_core::query::EvaluationDatasetField;

use super::{Column, Searchable, binds::Binds, place::Place};

impl Searchable for EvaluationDatasetField {
    const FROM: &'static str = "evaluation_dataset";
    const KEY: &'static str = "evaluation_dataset.pk";
    const DEFAULT_ORDER: &'static [Column] =
        &[("evaluation_dataset.created_at", false), ("evaluation_dataset.id", false)];
    const TIES: &'static [Column] = &[("evaluation_dataset.id", false)];

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Name => Place::text("evaluation_dataset.name"),
            Self::CreatedAt => Place::number("evaluation_dataset.created_at"),
            Self::UpdatedAt => Place::number("evaluation_dataset.updated_at"),
            Self::CreatedBy => Place::text("evaluation_dataset.created_by"),
            Self::UpdatedBy => Place::text("evaluation_dataset.updated_by"),
            Self::Tag(key) => {
                let key = binds.bind(key.as_str().to_owned());
                Place::key_value("evaluation_dataset_tag", alias, "evaluation_dataset.pk", &key)
            }
        }
    }
}
