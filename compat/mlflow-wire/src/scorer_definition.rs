//! What the definition of a scorer may hold.
//!
//! A definition is a JSON object that MLflow's client writes and reads. The server looks for what could harm those who
//! run it. Source: `_validate_serialized_scorer_payload` in `server/handlers.py`, `genai/scorers/scorer_utils.py` and
//! `utils/validation.py` of MLflow 3.17.2.

use std::collections::BTreeSet;

use trackside_core::{Json, Object};

use crate::{ErrorCode, Failure};

/// Options that say where a language model is asked.
const DESTINATIONS: [&str; 5] = ["api_base", "base_url", "model_list", "fallbacks", "custom_llm_provider"];

/// Refuses a definition that is none, or that must not run. With `custom`, it may hold code of its own.
pub(crate) fn check(definition: &str, custom: bool) -> Result<(), Failure> {
    let not_json = |_| Failure::invalid("serialized_scorer must be valid JSON");
    let definition = Json::parse(definition).map_err(not_json)?;
    if !custom && holds_code(&definition) {
        return Err(Failure::invalid(
            "Custom scorer registration (using @scorer decorator) is disabled by default outside of Databricks tracking \
             environments due to security concerns. To allow it, start the server with --enable-custom-scorers or set \
             MLFLOW_SERVER_ENABLE_CUSTOM_SCORERS to true.",
        ));
    }
    check_destinations(&definition)?;
    let object = definition.as_object().ok_or_else(|| Failure::invalid("serialized_scorer must be a JSON object"))?;
    check_model(model(object)?)
}

/// Code that would run where the scorer is loaded, at any depth.
fn holds_code(value: &Json) -> bool {
    match value {
        Json::Object(object) => {
            object.get("call_source").is_some_and(|code| *code != Json::Null)
                || object.iter().any(|(_, value)| holds_code(value))
        }
        Json::List(items) => items.iter().any(holds_code),
        _ => false,
    }
}

/// Refuses scorers of other makers that choose, at any depth, whom they ask.
fn check_destinations(value: &Json) -> Result<(), Failure> {
    match value {
        Json::Object(object) => {
            let foreign = object.get("third_party_scorer_data").and_then(Json::as_object);
            match foreign.and_then(|data| data.get("kwargs")) {
                None | Some(Json::Null) => {}
                Some(options @ Json::Object(_)) => {
                    let mut found = BTreeSet::new();
                    destinations(options, &mut found);
                    if !found.is_empty() {
                        let found: Vec<_> = found.iter().map(|key| format!("'{key}'")).collect();
                        return Err(Failure::invalid(format!(
                            "third_party_scorer_data.kwargs must not contain {}: these options choose where the scorer's \
                             LLM client sends requests.",
                            found.join(", ")
                        )));
                    }
                }
                Some(other) => {
                    return Err(Failure::invalid(format!(
                        "third_party_scorer_data.kwargs must be a JSON object, got {}.",
                        python_type(other)
                    )));
                }
            }
            object.iter().try_for_each(|(_, value)| check_destinations(value))
        }
        Json::List(items) => items.iter().try_for_each(check_destinations),
        _ => Ok(()),
    }
}

fn destinations(value: &Json, found: &mut BTreeSet<&'static str>) {
    let known = |key: &str| DESTINATIONS.into_iter().find(|known| *known == key);
    match value {
        Json::Object(object) => {
            for (key, value) in object.iter() {
                found.extend(known(key));
                destinations(value, found);
            }
        }
        Json::List(items) => {
            for item in items {
                // Python makes an object of a list of pairs.
                if let Json::List(pair) = item
                    && let [Json::Text(key), _] = &pair[..]
                {
                    found.extend(known(key));
                }
                destinations(item, found);
            }
        }
        _ => {}
    }
}

/// The language model a scorer asks, where it says so; `Null` if not.
fn model(definition: &Object) -> Result<&Json, Failure> {
    let kinds = [
        "instructions_judge_pydantic_data",
        "builtin_scorer_pydantic_data",
        "memory_augmented_judge_data",
        "third_party_scorer_data",
    ];
    let part = |kind: &'static str| Some((kind, definition.get(kind).filter(|part| !part.is_falsy())?));
    let Some((kind, part)) = kinds.into_iter().find_map(part) else { return Ok(&Json::Null) };
    let part = part.as_object().ok_or_else(|| Failure::invalid(format!("{kind} must be a JSON object")))?;
    match (kind, part.get("base_judge")) {
        ("memory_augmented_judge_data", Some(Json::Object(base))) => model(base),
        ("memory_augmented_judge_data", None) => Ok(&Json::Null),
        ("memory_augmented_judge_data", Some(_)) => Err(Failure::invalid("base_judge must be a JSON object")),
        _ => Ok(part.get("model").unwrap_or(&Json::Null)),
    }
}

/// Refuses what is no name of a model, and a gateway's, as there is none.
fn check_model(model: &Json) -> Result<(), Failure> {
    let model = match model {
        Json::Null => return Ok(()),
        Json::Text(model) => model,
        other => return Err(Failure::invalid(format!("Scorer model must be a string, got {}.", python_type(other)))),
    };
    if model.trim().is_empty() {
        return Err(Failure::invalid("Scorer model cannot be empty or contain only whitespace."));
    }
    match model.strip_prefix("gateway:/").map(|endpoint| endpoint.trim_start_matches('/')) {
        None | Some("") => Ok(()),
        Some(endpoint) => {
            Err(Failure::new(ErrorCode::ResourceDoesNotExist, format!("GatewayEndpoint not found (name='{endpoint}')")))
        }
    }
}

const fn python_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "NoneType",
        Json::Bool(_) => "bool",
        Json::Integer(_) => "int",
        Json::Float(_) => "float",
        Json::Text(_) => "str",
        Json::List(_) => "list",
        Json::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(definition: &str) -> String {
        check(definition, false).unwrap_err().message
    }

    #[test]
    fn code_is_found_at_any_depth_and_may_be_allowed() {
        for definition in [r#"{"call_source": "x"}"#, r#"{"a": [{"b": {"call_source": 0}}]}"#] {
            assert!(
                refused(definition).starts_with("Custom scorer registration (using @scorer decorator) is disabled")
            );
            check(definition, true).unwrap();
        }
        check(r#"{"call_source": null, "name": "call_source"}"#, false).unwrap();
    }

    #[test]
    fn options_that_lead_elsewhere_are_found_at_any_depth() {
        let wrapped = |options: &str| format!(r#"{{"x": [{{"third_party_scorer_data": {{"kwargs": {options}}}}}]}}"#);
        assert!(
            refused(&wrapped(r#"{"n": [{"base_url": 1}, ["api_base", 2]]}"#))
                .starts_with("third_party_scorer_data.kwargs must not contain 'api_base', 'base_url': these options")
        );
        assert_eq!(refused(&wrapped("[1]")), "third_party_scorer_data.kwargs must be a JSON object, got list.");
        check(&wrapped(r#"{"threshold": 0.5, "l": ["api_base"]}"#), false).unwrap();
        check(&wrapped("null"), false).unwrap();
    }

    #[test]
    fn models_are_named_and_none_is_behind_a_gateway() {
        let judge = |model: &str| format!(r#"{{"instructions_judge_pydantic_data": {{"model": {model}}}}}"#);
        assert_eq!(refused(&judge("5")), "Scorer model must be a string, got int.");
        assert_eq!(refused(&judge("\" \"")), "Scorer model cannot be empty or contain only whitespace.");
        assert_eq!(refused(&judge("\"gateway://x\"")), "GatewayEndpoint not found (name='x')");
        let wrapped = format!(r#"{{"memory_augmented_judge_data": {{"base_judge": {}}}}}"#, judge("5"));
        assert_eq!(refused(&wrapped), "Scorer model must be a string, got int.");
        for good in
            [judge("\"openai:/gpt\""), judge("null"), "{}".to_owned(), r#"{"third_party_scorer_data": {}}"#.to_owned()]
        {
            check(&good, false).unwrap();
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(refused("nope"), "serialized_scorer must be valid JSON");
        for bad in ["[1]", "5", "\"x\"", r#"{"builtin_scorer_pydantic_data": 5}"#] {
            assert!(refused(bad).ends_with("must be a JSON object"), "{bad}");
        }
    }
}
