//! Fields of registered models.

use trackside_core::query::RegisteredModelField;

use super::{Column, Searchable, binds::Binds, place::Place};

impl Searchable for RegisteredModelField {
    const FROM: &'static str = "registered_model";
    const KEY: &'static str = "registered_model.pk";
    const DEFAULT_ORDER: &'static [Column] = &[("registered_model.name", true)];
    const TIES: &'static [Column] = &[("registered_model.name", true)];

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Name => Place::text("registered_model.name"),
            Self::CreatedAt => Place::number("registered_model.created_at"),
            Self::UpdatedAt => Place::number("registered_model.updated_at"),
            Self::Tag(key) => {
                let key = binds.bind(key.as_str().to_owned());
                Place::key_value("registered_model_tag", alias, "registered_model.pk", &key)
            }
        }
    }
}
