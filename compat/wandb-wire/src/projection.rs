//! The config of a run as params, and back.
//!
//! A config is nested, typed and changes; params are flat texts. What is `{"a": {"value": {"b": 0.1}}}` is the param `a.b`
//! of `0.1`, as Python prints it. The document itself is kept beside, so nothing is lost to those who read configs.

use std::collections::HashSet;

use trackside_core::{Json, Key, Object, Param, Result};

use crate::{config::RESERVED, leaves, row};

/// Longest param, in characters, as MLflow has it (3.17.2). What is longer is cut here, and whole in the config.
const MAX_VALUE: usize = 6_000;
/// Longest key of a param; a longer one is in the config only.
const MAX_KEY: usize = 250;

/// The params that a config is.
pub fn params(config: &Object) -> Vec<Param> {
    let values = config.iter().filter(|(key, _)| *key != RESERVED).filter_map(|(key, entry)| {
        let value = entry.as_object()?.get("value")?;
        Some((key.to_owned(), value.clone()))
    });
    let values: Object = values.collect();
    let leaves = leaves::of(&values);
    let params = leaves.into_iter().filter(|(key, _)| key.chars().count() <= MAX_KEY);
    params.filter_map(|(key, leaf)| Some(Param { key: Key::new(key).ok()?, value: text(leaf) })).collect()
}

/// The config that clients read: the document, and the params that it lacks, as texts.
pub fn whole(document: Option<&str>, params_of_run: &[Param]) -> Object {
    let mut config = document.and_then(|text| parse(text).ok()).unwrap_or_default();
    let known: HashSet<Key> = params(&config).into_iter().map(|param| param.key).collect();
    let lacking = params_of_run.iter().filter(|param| !known.contains(&param.key));
    let entry = |param: &Param| {
        let entry: Object = [("value".to_owned(), Json::from(param.value.as_str()))].into_iter().collect();
        (param.key.as_str().to_owned(), Json::Object(entry))
    };
    let lacking: Object = lacking.filter(|param| config.get(param.key.as_str()).is_none()).map(entry).collect();
    config.update(lacking);
    config
}

/// Reads a config.
pub fn parse(text: &str) -> Result<Object> {
    row::object(text)
}

/// Of what clients keep for themselves in a config, these keys.
pub fn reserved(config: &Object, keys: &[&str]) -> Object {
    let own = config.get(RESERVED).and_then(Json::as_object).and_then(|entry| entry.get("value")?.as_object());
    let Some(own) = own else { return Object::default() };
    own.iter().filter(|(key, _)| keys.contains(key)).map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

/// A leaf as Python prints it; lists and objects as JSON.
fn text(leaf: &Json) -> String {
    let text = match leaf {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Text(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"_wandb": {"value": {"t": {"5": "0.31"}, "m": []}}, "lr": {"value": 1e-05, "desc": null},
        "opt": {"value": {"name": "sgd", "deep": {"on": true}}}, "l": {"value": [1, "a"]}, "n": {"value": null}, "odd": 3}"#;

    #[test]
    fn a_config_is_params() {
        let params = params(&parse(CONFIG).unwrap());
        let told: Vec<_> = params.iter().map(|param| format!("{}={}", param.key, param.value)).collect();
        assert_eq!(told, ["lr=1e-05", "opt.name=sgd", "opt.deep.on=True", "l=[1, \"a\"]", "n=None"]);
        let long = format!(r#"{{"a": {{"value": "{}"}}, "{}": {{"value": 1}}}}"#, "ä".repeat(7_000), "k".repeat(251));
        let cut = super::params(&parse(&long).unwrap());
        assert_eq!((cut.len(), cut[0].value.chars().count()), (1, MAX_VALUE));
    }

    #[test]
    fn what_only_params_have_is_read_as_text() {
        let param = |key: &str, value: &str| Param::new(key, value).unwrap();
        let params = [param("lr", "9"), param("opt.name", "x"), param("mlflow", "0.5")];
        let whole = whole(Some(CONFIG), &params);
        assert_eq!(whole.get("mlflow").unwrap().to_string(), r#"{"value": "0.5"}"#);
        assert_eq!(whole.get("lr").unwrap().to_string(), r#"{"value": 1e-05, "desc": null}"#);
        assert!(whole.get("opt.name").is_none());
        assert_eq!(super::whole(None, &params).iter().count(), 3);
    }

    #[test]
    fn what_is_the_clients_own_can_be_asked_for() {
        let config = parse(CONFIG).unwrap();
        assert_eq!(Json::Object(reserved(&config, &["t"])).to_string(), r#"{"t": {"5": "0.31"}}"#);
        assert!(reserved(&Object::default(), &["t"]).is_empty());
    }
}
