//! What is shown of a run beside its metrics: its session of the HPARAMS tab, and its texts.

use trackside_core::{RunStatus, Timestamp};
use trackside_tensorboard_wire::{
    Content, HParamsPluginData, Plain, SESSION_END_TAG, SESSION_START_TAG, SessionEndInfo, SessionStartInfo,
    SessionStatus, SummaryMetadata, markdown, wall_time,
};

use crate::board::NamedRun;

/// The tag that holds the description of a run, in markdown.
const NOTE: &str = "mlflow.note.content";

/// The two tags of a session, as the run stands now.
pub(crate) fn session(named: &NamedRun) -> [(&'static str, SummaryMetadata); 2] {
    let info = &named.run.info;
    let params = named.run.params.iter();
    let start = SessionStartInfo {
        hparams: params.map(|param| (param.key.as_str().to_owned(), Plain::from_param(&param.value))).collect(),
        start_time_secs: wall_time(info.started_at),
    };
    let status = match info.status {
        RunStatus::Running | RunStatus::Scheduled => SessionStatus::Running,
        RunStatus::Finished => SessionStatus::Success,
        RunStatus::Failed | RunStatus::Killed => SessionStatus::Failure,
    };
    let end_time_secs = wall_time(info.ended_at.unwrap_or(Timestamp::from_millis(0)));
    let end = SessionEndInfo { status: status.into(), end_time_secs };
    [
        (SESSION_START_TAG, HParamsPluginData::metadata(Content::Start(start))),
        (SESSION_END_TAG, HParamsPluginData::metadata(Content::End(end))),
    ]
}

/// Tags of the TEXT tab and their markdown. They are called as in event files where they mean the same.
pub(crate) fn texts(named: &NamedRun) -> Vec<(&'static str, String)> {
    let run = &named.run;
    let facts = [
        ("id", run.info.id.as_str()),
        ("name", &run.info.name),
        ("experiment", &named.experiment),
        ("user", &run.info.user),
        ("status", run.info.status.as_str()),
    ];
    let mut texts = vec![("run/info", markdown::table(["fact", "value"], facts))];
    let note = run.tags.iter().find(|tag| tag.key.as_str() == NOTE);
    texts.extend(note.map(|note| ("run/note", note.value.clone())));
    for (tag, pairs) in [("run/params", &run.params), ("run/tags", &run.tags)] {
        let pairs = pairs.iter().filter(|pair| pair.key.as_str() != NOTE);
        let mut rows = pairs.map(|pair| (pair.key.as_str(), pair.value.as_str())).peekable();
        if rows.peek().is_some() {
            texts.push((tag, markdown::table(["key", "value"], rows)));
        }
    }
    texts
}
