//! `POST runs/create-promptlab-run`, which only the web UI sends: one try of a prompt, kept as a run.
//!
//! Source: `create_promptlab_run_handler` in `server/handlers.py` and `utils/promptlab_utils.py` of MLflow 3.17.2. The
//! model in Python that MLflow also leaves in the run is not made: without Python and a gateway nobody could call it.

use serde::Deserialize;
use serde_json::{Map, Value};
use trackside_core::{self as core, Json, Object};

use crate::{
    CreateRun, Failure, NewRun, Tag,
    names::Place,
    param::{check_unique, param},
    request::{from_value, wrong_type},
    search::python,
};

/// The file that holds what was asked and answered.
pub const EVALUATION_TABLE: &str = "eval_results_table.json";

/// `POST runs/create-promptlab-run`. Of each field only some values count as given.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct CreatePromptlabRun(Map<String, Value>);

/// A try of a prompt.
#[derive(Debug)]
pub struct PromptlabRun {
    /// The run; without a start it begins now.
    pub run: NewRun,
    /// Whether the client said when it began.
    pub has_start: bool,
    /// What it was tried with.
    pub params: Vec<core::Param>,
    /// What makes the web UI show it as what it is.
    pub tags: Vec<core::Tag>,
    /// Columns and a row, as JSON.
    pub table: String,
}

impl CreatePromptlabRun {
    /// What to keep.
    pub fn checked(mut self) -> Result<PromptlabRun, Failure> {
        for name in
            ["experiment_id", "prompt_template", "prompt_parameters", "model_route", "model_input", "mlflow_version"]
        {
            if self.0.get(name).is_none_or(is_falsy) {
                return Err(Failure::invalid(format!("CreatePromptlabRun request must specify {name}.")));
            }
        }
        let prompt = self.pairs("prompt_parameters")?;
        let model = self.pairs("model_parameters")?;
        let answered = self.pairs("model_output_parameters")?;
        let mut params = Vec::new();
        for (at, (key, value)) in model.into_iter().enumerate() {
            let pair = Tag { key: Some(key.into()), value: Some(python::printed(&value)) };
            params.push(param(pair, Place::Listed("model_parameters", at))?);
        }
        for name in ["model_route", "prompt_template"] {
            let pair = Tag { key: Some(name.into()), value: Some(self.text(name)?) };
            params.push(param(pair, Place::Alone)?);
        }
        check_unique(&params)?;
        let (input, output) = (self.json("model_input"), self.json("model_output"));
        let rest = [("prompt".to_owned(), input), ("output".to_owned(), output)];
        let printed = |(key, value): (String, Json)| (key, Json::Text(python::printed(&value)));
        let cells = prompt.into_iter().map(printed).chain(rest).chain(answered.into_iter().map(printed));
        let (columns, row): (Vec<_>, Vec<_>) = cells.map(|(key, value)| (Json::Text(key), value)).unzip();
        let table: Object =
            [("columns".to_owned(), Json::List(columns)), ("data".to_owned(), Json::List(vec![Json::List(row)]))]
                .into_iter()
                .collect();
        let shown = format!(r#"[{{"path": "{EVALUATION_TABLE}", "type": "table"}}]"#);
        let tags = [("mlflow.loggedArtifacts", shown.as_str()), ("mlflow.runSourceType", "PROMPT_ENGINEERING")];
        let tags = tags.into_iter().map(|(key, value)| core::Tag::new(key, value)).collect::<core::Result<_>>()?;
        let has_start = self.0.get("start_time").is_some_and(|start| !start.is_null());
        Ok(PromptlabRun { run: self.run()?, has_start, params, tags, table: table.to_string() })
    }

    /// The run itself.
    fn run(mut self) -> Result<NewRun, Failure> {
        let fields = ["experiment_id", "user_id", "run_name", "start_time", "tags"];
        let mut run: Map<_, _> = fields.into_iter().filter_map(|name| self.0.remove_entry(name)).collect();
        if let Some(id) = run.get_mut("experiment_id").filter(|id| id.is_number()) {
            *id = id.to_string().into();
        }
        if run.get("user_id").is_none_or(Value::is_null) {
            run.insert("user_id".to_owned(), "unknown".into());
        }
        from_value::<CreateRun>(&run.into())?.checked()
    }

    fn text(&self, name: &str) -> Result<String, Failure> {
        let value = &self.0[name];
        value.as_str().map(str::to_owned).ok_or_else(|| wrong_type(value, name))
    }

    fn json(&mut self, name: &str) -> Json {
        self.0.remove(name).map_or(Json::Null, |value| of_serde(&value))
    }

    /// A list of keys with their values.
    fn pairs(&mut self, name: &str) -> Result<Vec<(String, Json)>, Failure> {
        let list = self.0.remove(name).filter(|list| !is_falsy(list));
        let Some(list) = list else { return Ok(Vec::new()) };
        let pair = |pair: &Value| {
            let key = pair.as_object()?.get("key")?.as_str()?;
            Some((key.to_owned(), pair.get("value").map_or(Json::Null, of_serde)))
        };
        let pairs = list.as_array().and_then(|pairs| pairs.iter().map(pair).collect::<Option<_>>());
        pairs.ok_or_else(|| wrong_type(&list, name))
    }
}

fn is_falsy(value: &Value) -> bool {
    of_serde(value).is_falsy()
}

fn of_serde(value: &Value) -> Json {
    // Whatever serde writes reads back, but for what is nested too deeply.
    Json::parse(&value.to_string()).unwrap_or(Json::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<PromptlabRun, String> {
        let body = from_value::<CreatePromptlabRun>(body);
        body.and_then(CreatePromptlabRun::checked).map_err(|failure| failure.message)
    }

    fn least() -> Value {
        json!({
            "experiment_id": "1", "prompt_template": "ask {{x}}", "prompt_parameters": [{"key": "x", "value": "y"}],
            "model_route": "r", "model_input": "ask y", "mlflow_version": "1"
        })
    }

    #[test]
    fn what_is_missing_is_named_in_order() {
        let mut body = json!({});
        for name in
            ["experiment_id", "prompt_template", "prompt_parameters", "model_route", "model_input", "mlflow_version"]
        {
            assert_eq!(read(&body).unwrap_err(), format!("CreatePromptlabRun request must specify {name}."));
            body[name] = least()[name].clone();
        }
        read(&body).unwrap();
        body["prompt_parameters"] = json!([]);
        assert_eq!(read(&body).unwrap_err(), "CreatePromptlabRun request must specify prompt_parameters.");
    }

    #[test]
    fn a_try_is_a_run_with_a_table() {
        let mut body = least();
        body["model_parameters"] = json!([{"key": "temperature", "value": 0.5}]);
        body["model_output"] = json!("it");
        body["model_output_parameters"] = json!([{"key": "latency", "value": 5}]);
        let made = read(&body).unwrap();
        let params: Vec<_> = made.params.iter().map(|param| (param.key.as_str(), param.value.as_str())).collect();
        assert_eq!(params, [("temperature", "0.5"), ("model_route", "r"), ("prompt_template", "ask {{x}}")]);
        assert_eq!(
            made.table,
            r#"{"columns": ["x", "prompt", "output", "latency"], "data": [["y", "ask y", "it", "5"]]}"#
        );
        assert_eq!((made.run.user.as_str(), made.has_start), ("unknown", false));
        assert!(read(&least()).unwrap().table.ends_with(r#""data": [["y", "ask y", null]]}"#));
    }

    #[test]
    fn fields_of_a_wrong_type_are_refused() {
        for (name, value) in [
            ("prompt_parameters", json!("x")),
            ("prompt_parameters", json!([5])),
            ("prompt_template", json!(5)),
            ("start_time", json!("x")),
            ("tags", json!("x")),
        ] {
            let mut body = least();
            body[name] = value;
            assert!(read(&body).unwrap_err().contains(&format!("for parameter '{name}'")), "{name}");
        }
    }
}
