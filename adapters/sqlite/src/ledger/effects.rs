//! What a change makes otherwise, as it is before the change.

use rusqlite::{Connection, OptionalExtension, Params, params};
use trackside_core::{
    Key, ModelVersion, ModelVersionChange, RegisteredModel, RegisteredModelChange, RunId, Stage, Tag, VersionNumber,
    ledger::{Effect, Facet},
};

use crate::{error::Result, model_versions::Found};

/// The value of something that is there.
fn present() -> String {
    "true".to_owned()
}

/// A model that was registered, without versions and aliases.
pub(crate) fn of_new_model(model: &RegisteredModel) -> Vec<Effect> {
    let mut effects = vec![Effect::of_model(Facet::Present, None, Some(present()))];
    effects.extend(model.description.clone().map(|text| Effect::of_model(Facet::Description, None, Some(text))));
    let tag = |tag: &Tag| Effect::of_model(Facet::Tag, None, Some(tag.value.clone())).at(tag.key.as_str());
    effects.extend(model.tags.iter().map(tag));
    effects
}

/// Its aliases, when it is found with them.
pub(super) fn of_aliases(model: &RegisteredModel) -> impl Iterator<Item = Effect> {
    let alias = |(alias, number): &(Key, VersionNumber)| {
        Effect::of_model(Facet::Alias, None, Some(number.to_string())).at(alias.as_str())
    };
    model.aliases.iter().map(alias)
}

/// A version that was registered.
pub(crate) fn of_new_version(version: &ModelVersion) -> Vec<Effect> {
    let of = |what, after| Effect::of_version(version.number, what, None, after);
    let mut effects = vec![
        of(Facet::Present, Some(present())),
        of(Facet::Stage, Some(version.stage.as_str().to_owned())),
        of(Facet::Source, Some(version.source.clone()).filter(|source| !source.is_empty())),
        of(Facet::Run, version.run.as_ref().map(RunId::to_string)),
        of(Facet::Description, version.description.clone()),
    ];
    effects.extend(version.tags.iter().map(|tag| of(Facet::Tag, Some(tag.value.clone())).at(tag.key.as_str())));
    effects.retain(Effect::is_any);
    effects
}

/// A change of the model of this primary key and name.
pub(crate) fn of_model_change(
    connection: &Connection,
    pk: i64,
    name: &Key,
    change: &RegisteredModelChange,
) -> Result<Vec<Effect>> {
    let text = |sql: &str, key: &Key| text(connection, sql, params![pk, key.as_str()]);
    let tag = |key: &Key| text("SELECT value FROM registered_model_tag WHERE owner = ?1 AND key = ?2", key);
    let alias = |alias: &Key| {
        let sql = "SELECT CAST(v.number AS TEXT) FROM model_alias AS a JOIN model_version AS v ON v.pk = a.version \
                   WHERE a.model = ?1 AND a.alias = ?2";
        text(sql, alias)
    };
    let mut effects = vec![match change {
        RegisteredModelChange::Rename(to) => {
            Effect::of_model(Facet::Name, Some(name.to_string()), Some(to.to_string()))
        }
        RegisteredModelChange::Describe(description) => {
            let before = text("SELECT description FROM registered_model WHERE pk = ?1 AND name = ?2", name)?;
            Effect::of_model(Facet::Description, before, description.clone())
        }
        RegisteredModelChange::SetTag(new) => {
            Effect::of_model(Facet::Tag, tag(&new.key)?, Some(new.value.clone())).at(new.key.as_str())
        }
        RegisteredModelChange::DeleteTag(key) => Effect::of_model(Facet::Tag, tag(key)?, None).at(key.as_str()),
        RegisteredModelChange::SetAlias(name, number) => {
            Effect::of_model(Facet::Alias, alias(name)?, Some(number.to_string())).at(name.as_str())
        }
        RegisteredModelChange::DeleteAlias(name) => {
            Effect::of_model(Facet::Alias, alias(name)?, None).at(name.as_str())
        }
        RegisteredModelChange::Delete => Effect::of_model(Facet::Present, Some(present()), None),
    }];
    if *change == RegisteredModelChange::Delete {
        let mut ended = aliases(connection, "a.model = ?1", pk)?;
        let staged = "SELECT number, stage FROM model_version WHERE model = ?1 AND stage <> 'None' ORDER BY number";
        let mut statement = connection.prepare_cached(staged)?;
        let staged =
            statement.query_map([pk], |row| Ok(Effect::of_version(row.get(0)?, Facet::Stage, row.get(1)?, None)))?;
        for effect in staged {
            ended.push(effect?);
        }
        effects.splice(0..0, ended);
    }
    effects.retain(Effect::is_any);
    Ok(effects)
}

/// A change of a version.
pub(crate) fn of_version_change(
    connection: &Connection,
    found: &Found,
    number: VersionNumber,
    change: &ModelVersionChange,
) -> Result<Vec<Effect>> {
    let own = |column: &str| text(connection, &format!("SELECT {column} FROM model_version WHERE pk = ?1"), [found.pk]);
    let tag = |key: &Key| {
        let sql = "SELECT value FROM model_version_tag WHERE owner = ?1 AND key = ?2";
        text(connection, sql, params![found.pk, key.as_str()])
    };
    let of = |what, before, after| Effect::of_version(number, what, before, after);
    let mut effects = Vec::new();
    match change {
        ModelVersionChange::Describe(description) => {
            effects.push(of(Facet::Description, own("description")?, description.clone()));
        }
        ModelVersionChange::Stage { stage, archive_others } => {
            if *archive_others {
                let sql =
                    "SELECT number FROM model_version WHERE model = ?1 AND stage = ?2 AND pk <> ?3 ORDER BY number";
                let mut statement = connection.prepare_cached(sql)?;
                let others = statement.query_map(params![found.model, stage.as_str(), found.pk], |row| row.get(0))?;
                for other in others {
                    let (before, after) = (stage.as_str().to_owned(), Stage::Archived.as_str().to_owned());
                    effects.push(Effect::of_version(other?, Facet::Stage, Some(before), Some(after)));
                }
            }
            effects.push(of(Facet::Stage, own("stage")?, Some(stage.as_str().to_owned())));
        }
        ModelVersionChange::SetTag(new) => {
            effects.push(of(Facet::Tag, tag(&new.key)?, Some(new.value.clone())).at(new.key.as_str()));
        }
        ModelVersionChange::DeleteTag(key) => effects.push(of(Facet::Tag, tag(key)?, None).at(key.as_str())),
        ModelVersionChange::Delete => {
            effects = aliases(connection, "a.version = ?1", found.pk)?;
            effects.push(of(Facet::Stage, own("stage")?, None));
            effects.push(of(Facet::Present, Some(present()), None));
        }
    }
    effects.retain(Effect::is_any);
    Ok(effects)
}

/// The end of these aliases.
fn aliases(connection: &Connection, condition: &str, pk: i64) -> Result<Vec<Effect>> {
    let sql = format!(
        "SELECT a.alias, CAST(v.number AS TEXT) FROM model_alias AS a JOIN model_version AS v ON v.pk = a.version \
         WHERE {condition} ORDER BY a.alias"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let aliases = statement.query_map([pk], |row| {
        let alias: String = row.get(0)?;
        Ok(Effect::of_model(Facet::Alias, row.get(1)?, None).at(&alias))
    })?;
    Ok(aliases.collect::<rusqlite::Result<_>>()?)
}

fn text(connection: &Connection, sql: &str, values: impl Params) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(values, |row| row.get::<_, Option<String>>(0)).optional()?.flatten())
}
