//! Fields of model versions.

use trackside_core::query::ModelVersionField;

use super::{Column, Searchable, binds::Binds, place::Place};

impl Searchable for ModelVersionField {
    const FROM: &'static str = "model_version JOIN registered_model ON registered_model.pk = model_version.model";
    const KEY: &'static str = "model_version.pk";
    const DEFAULT_ORDER: &'static [Column] =
        &[("model_version.updated_at", false), ("registered_model.name", true), ("model_version.number", false)];
    const TIES: &'static [Column] = &[("registered_model.name", true), ("model_version.number", false)];

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Model => Place::text("registered_model.name"),
            Self::Number => Place::number("model_version.number"),
            Self::Run => Place::text("model_version.run"),
            Self::Stage => Place::text("model_version.stage"),
            Self::Source => Place::text("model_version.source"),
            Self::CreatedAt => Place::number("model_version.created_at"),
            Self::UpdatedAt => Place::number("model_version.updated_at"),
            Self::Tag(key) => {
                let key = binds.bind(key.as_str().to_owned());
                Place::key_value("model_version_tag", alias, "model_version.pk", &key)
            }
        }
    }
}
