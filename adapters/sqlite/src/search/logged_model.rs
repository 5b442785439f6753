//! Fields of logged models.

use trackside_core::{Key, query::LoggedModelField};

use super::{
    Column, Searchable,
    binds::Binds,
    place::{Joined, Kind, Place},
};

impl Searchable for LoggedModelField {
    const FROM: &'static str = "logged_model";
    const KEY: &'static str = "logged_model.pk";
    const DEFAULT_ORDER: &'static [Column] = &[("logged_model.created_at", false), ("logged_model.id", true)];
    const TIES: &'static [Column] = &[("logged_model.created_at", false), ("logged_model.id", true)];

    fn place(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Id => Place::text("logged_model.id"),
            Self::Name => Place::text("logged_model.name"),
            Self::Type => Place::text("logged_model.model_type"),
            Self::Status => Place::text("logged_model.status"),
            Self::SourceRun => Place::text("logged_model.source_run"),
            Self::CreatedAt => Place::number("logged_model.created_at"),
            Self::UpdatedAt => Place::number("logged_model.updated_at"),
            Self::Metric { key, datasets } => latest(key, datasets, alias, binds),
            Self::Param(key) => key_value("logged_model_param", key, alias, binds),
            Self::Tag(key) => key_value("logged_model_tag", key, alias, binds),
        }
    }

    fn tested(&self, alias: &str, binds: &mut Binds) -> Place {
        match self {
            Self::Metric { key, datasets } => any(key, datasets, alias, binds),
            _ => self.place(alias, binds),
        }
    }
}

fn key_value(table: &str, key: &Key, alias: &str, binds: &mut Binds) -> Place {
    Place::key_value(table, alias, "logged_model.pk", &binds.bind(key.as_str().to_owned()))
}

/// The latest point of all runs; of equally late ones that logged last.
fn latest(key: &Key, datasets: &[(String, Option<String>)], alias: &str, binds: &mut Binds) -> Place {
    let on = format!(
        "{alias}.pk = (SELECT m.pk FROM model_metric AS m WHERE m.model = logged_model.pk AND m.key = {} AND {} \
         ORDER BY m.time DESC, m.step DESC, m.pk DESC LIMIT 1)",
        binds.bind(key.as_str().to_owned()),
        on_datasets(datasets, "m", binds),
    );
    measured(on, false, alias)
}

/// Every point of all runs.
fn any(key: &Key, datasets: &[(String, Option<String>)], alias: &str, binds: &mut Binds) -> Place {
    let on = format!(
        "{alias}.model = logged_model.pk AND {alias}.key = {} AND {}",
        binds.bind(key.as_str().to_owned()),
        on_datasets(datasets, alias, binds),
    );
    measured(on, true, alias)
}

fn measured(on: String, many: bool, alias: &str) -> Place {
    let joined = Joined { table: format!("model_metric AS {alias}"), on, with: String::new(), many };
    let kind = Kind::NumberOrNan(format!("{alias}.is_nan"));
    Place { kind, ..Place::number(&format!("{alias}.value")).of(joined) }
}

fn on_datasets(datasets: &[(String, Option<String>)], table: &str, binds: &mut Binds) -> String {
    if datasets.is_empty() {
        return "TRUE".to_owned();
    }
    let measured_on = |(name, digest): &(String, Option<String>)| {
        let name = format!("{table}.dataset_name = {}", binds.bind(name.clone()));
        match digest {
            Some(digest) => format!("{name} AND {table}.dataset_digest = {}", binds.bind(digest.clone())),
            None => name,
        }
    };
    format!("({})", datasets.iter().map(measured_on).collect::<Vec<_>>().join(" OR "))
}
