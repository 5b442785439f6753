//! What is said to a program and what it answers. Documented at the root of this crate.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use trackside_core::{
    Batch, Capability, Error, ErrorKind, Event, Key, Kind, ModelVersionChange, Param, RegistryEvent, Retry, RunStatus,
    RunUpdate, Stage, Tag, Withheld, stored,
};

/// Version of the protocol: that of the batches in it.
pub(crate) const VERSION: u32 = stored::FIRST_VERSION;
/// Tags that begin so say what a param has become.
const REPLACED: &str = "trackside.param.";
/// Tag of a model version: the last stage it had of those that not everybody has.
const STAGE: &str = "trackside.stage";
/// Longest answer: room for a large memory, and no way for a program gone wild to fill ours.
pub(crate) const MAX_ANSWER: usize = 1024 * 1024;

/// Something said to a program, except a delivery.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request<'a> {
    Hello { schema: &'static str, v: u32, sink: &'a str },
    Flush { id: u64 },
    Probe { id: u64 },
}

impl<'a> Request<'a> {
    pub(crate) const fn hello(sink: &'a str) -> Self {
        Self::Hello { schema: "trackside-events", v: VERSION, sink }
    }

    pub(crate) fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers can be written");
        line.push('\n');
        line
    }
}

/// A delivery. Put together by hand: the batch is JSON already.
pub(crate) fn deliver(id: u64, memory: Option<&str>, batch: &Batch) -> String {
    let memory = serde_json::to_string(&memory).expect("a text can be written");
    let batch = stored::encode(&in_first_version(batch));
    format!("{{\"deliver\":{{\"id\":{id},\"memory\":{memory},\"batch\":{batch}}}}}\n")
}

/// A batch in the words that every program knows, which has params written once: what a param becomes is said by a tag.
fn in_first_version(batch: &Batch) -> Cow<'_, Batch> {
    match batch {
        Batch::Run(run) if stored::version_of(batch) > VERSION => {
            let mut run = run.clone();
            run.events = run.events.into_iter().filter(Event::is_mirrored).map(plain).collect();
            Cow::Owned(Batch::Run(run))
        }
        Batch::RegisteredModel(model) if stored::version_of(batch) > VERSION => {
            let mut model = model.clone();
            model.events = model.events.into_iter().filter_map(plain_of_registry).collect();
            Cow::Owned(Batch::RegisteredModel(model))
        }
        other => Cow::Borrowed(other),
    }
}

fn plain(event: Event) -> Event {
    match event {
        Event::ParamsReplaced(params) => {
            let tag =
                |param: Param| Tag { key: Key::new(format!("{REPLACED}{}", param.key)).unwrap_or(param.key), ..param };
            Event::Tags(params.into_iter().map(tag).collect())
        }
        Event::Resumed => Event::Updated(RunUpdate { status: Some(RunStatus::Running), ..RunUpdate::default() }),
        other => other,
    }
}

/// A stage of a team's own is said by a tag; what is being decided is nobody's business yet.
fn plain_of_registry(event: RegistryEvent) -> Option<RegistryEvent> {
    match event {
        RegistryEvent::Promotion(_) => None,
        RegistryEvent::VersionChanged(number, ModelVersionChange::Stage { stage: Stage::Own(name), .. }, at) => {
            let tag = Tag::new(STAGE, name.as_str()).ok()?;
            Some(RegistryEvent::VersionChanged(number, ModelVersionChange::SetTag(tag), at))
        }
        other => Some(other),
    }
}

/// What a program says.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Ready(Ready),
    Done(Done),
    Failed(Failed),
}

/// It has read the greeting.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Ready {
    pub(crate) v: u32,
    capability: Option<Vec<String>>,
}

impl Ready {
    /// What it takes; the name that is none otherwise.
    pub(crate) fn capability(&self) -> Result<Capability, &str> {
        let Some(names) = &self.capability else { return Ok(Capability::ALL) };
        let mut capability = Capability::default();
        for name in names {
            let flag = match Kind::parse(name).ok_or(name.as_str())? {
                Kind::Params => &mut capability.params,
                Kind::Points => &mut capability.points,
                Kind::Tags => &mut capability.tags,
                Kind::Datasets => &mut capability.datasets,
                Kind::Artifacts => &mut capability.artifacts,
                Kind::ModelLinks => &mut capability.model_links,
                Kind::Deletion => &mut capability.deletion,
                Kind::LoggedModels => &mut capability.logged_models,
                Kind::Registry => &mut capability.registry,
            };
            *flag = true;
        }
        Ok(capability)
    }
}

/// It has done what a call asked for.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Done {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) memory: Memory,
    #[serde(default)]
    withheld: BTreeMap<KindName, u64>,
}

/// What to remember of the subject from now on.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
pub(crate) enum Memory {
    /// What it was; it says nothing.
    #[default]
    Kept,
    /// Nothing; it says `null`.
    Forgotten,
    /// This.
    Is(String),
}

impl From<Option<String>> for Memory {
    fn from(said: Option<String>) -> Self {
        said.map_or(Self::Forgotten, Self::Is)
    }
}

impl Memory {
    /// What is remembered, `before` having been so far.
    pub(crate) fn after(self, before: Option<&str>) -> Option<String> {
        match self {
            Self::Kept => before.map(str::to_owned),
            Self::Forgotten => None,
            Self::Is(memory) => Some(memory),
        }
    }
}

/// A kind by the name that users see.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct KindName(Kind);

impl TryFrom<String> for KindName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Kind::parse(&name).map(Self).ok_or_else(|| format!("no kind of event is called `{name}`"))
    }
}

impl Done {
    pub(crate) fn withheld(&self) -> Withheld {
        let mut withheld = Withheld::default();
        self.withheld.iter().for_each(|(kind, n)| withheld.add(kind.0, *n));
        withheld
    }
}

/// It could not do what a call asked for.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Failed {
    pub(crate) id: u64,
    reason: String,
    retry: bool,
    after_secs: Option<f64>,
    kind: Option<FailedKind>,
}

/// The kinds of errors that a program can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailedKind {
    NotFound,
    Invalid,
    Conflict,
    Unsupported,
    Unauthenticated,
    Denied,
    Throttled,
    Unavailable,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        let kind = match failed.kind {
            Some(FailedKind::NotFound) => ErrorKind::NotFound,
            Some(FailedKind::Conflict) => ErrorKind::Conflict,
            Some(FailedKind::Unsupported) => ErrorKind::Unsupported,
            Some(FailedKind::Unauthenticated) => ErrorKind::Unauthenticated,
            Some(FailedKind::Denied) => ErrorKind::Denied,
            Some(FailedKind::Throttled) => ErrorKind::Throttled,
            Some(FailedKind::Unavailable) => ErrorKind::Unavailable,
            None if failed.retry => ErrorKind::Unavailable,
            Some(FailedKind::Invalid) | None => ErrorKind::Invalid,
        };
        let after = failed.after_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        let retry = match after {
            _ if !failed.retry => Retry::Never,
            Some(time) => Retry::After(time),
            None => Retry::Later,
        };
        Self::new(kind, failed.reason).with_retry(retry)
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::{RunBatch, RunId, Seq};

    use super::*;

    #[test]
    fn programs_of_the_first_version_are_told_in_its_words() {
        let replaced = Event::ParamsReplaced(vec![Param::new("lr", "2").unwrap()]);
        let events = vec![replaced, Event::Resumed];
        let batch = RunBatch { run: RunId::parse("r").unwrap(), started: None, events, last: Seq(3) };
        let line = deliver(1, None, &Batch::Run(batch));
        let expected = r#"{"v":1,"seq":3,"run":"r","events":[{"tags":[["trackside.param.lr","2"]]},{"updated":{"status":"RUNNING"}}]}"#;
        assert!(line.contains(expected), "{line}");
    }

    fn answer(text: &str) -> Result<Answer, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    fn failed(text: &str) -> Error {
        match answer(text) {
            Ok(Answer::Failed(failed)) => failed.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn silence_about_the_memory_is_not_null() {
        let memory = |text| match answer(text) {
            Ok(Answer::Done(done)) => done.memory.after(Some("old")),
            other => panic!("{other:?}"),
        };
        assert_eq!(memory(r#"{"done":{"id":1}}"#).as_deref(), Some("old"));
        assert_eq!(memory(r#"{"done":{"id":1,"memory":null}}"#), None);
        assert_eq!(memory(r#"{"done":{"id":1,"memory":""}}"#).as_deref(), Some(""));
    }

    #[test]
    fn a_failure_without_kind_is_known_by_whether_it_may_pass() {
        let error = failed(r#"{"failed":{"id":1,"reason":"no","retry":false,"after_secs":1}}"#);
        assert_eq!((error.kind(), error.retry(), error.message()), (ErrorKind::Invalid, Retry::Never, "no"));
        let error = failed(r#"{"failed":{"id":1,"reason":"","retry":true}}"#);
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later));
        let error = failed(r#"{"failed":{"id":1,"reason":"","retry":true,"after_secs":0.5,"kind":"throttled"}}"#);
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Throttled, Retry::After(Duration::from_millis(500))));
        let error = failed(r#"{"failed":{"id":1,"reason":"","retry":true,"after_secs":-1}}"#);
        assert_eq!(error.retry(), Retry::Later);
    }

    #[test]
    fn names_of_kinds_are_checked() {
        let ready = |names: &str| match answer(&format!(r#"{{"ready":{{"v":1,"capability":{names}}}}}"#)) {
            Ok(Answer::Ready(ready)) => ready.capability().map_err(str::to_owned),
            other => panic!("{other:?}"),
        };
        assert_eq!(ready("null"), Ok(Capability::ALL));
        assert_eq!(ready("[]"), Ok(Capability::default()));
        assert_eq!(ready(r#"["tags"]"#), Ok(Capability { tags: true, ..Capability::default() }));
        let all = Kind::ALL.map(|kind| format!("{:?}", kind.as_str())).join(",");
        assert_eq!(ready(&format!("[{all}]")), Ok(Capability::ALL));
        assert_eq!(ready(r#"["metrics"]"#), Err("metrics".to_owned()));
        assert!(answer(r#"{"done":{"id":1,"withheld":{"metrics":1}}}"#).unwrap_err().contains("metrics"));
    }

    #[test]
    fn a_delivery_is_one_line_of_json() {
        let line = r#"{"v":1,"seq":1,"run":"r","events":[]}"#;
        let text = deliver(7, Some("a\n\"b\""), &stored::decode(line).unwrap());
        assert_eq!(text.find('\n'), Some(text.len() - 1));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["deliver"]["memory"], "a\n\"b\"");
        assert_eq!(value["deliver"]["batch"]["run"], "r");
    }
}
