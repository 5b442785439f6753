//! What a client runs from, as it stands shortly after the client began.

use std::{
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use trackside_core::{Clock, SystemClock, Timestamp};
use trackside_evidence::{Dimension, Execution, Gap, Instant, Record, Scope, hide_in_command};
use trackside_provenance::{data::Survey, environment, git};

use super::client::Client;
use crate::recording::{Manifests, survey};

/// The start of a process is known to a hundredth of a second; twice that, in milliseconds.
const TICK: i64 = 20;

/// What is known of a client.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) record: Record,
    pub(super) manifests: Manifests,
}

impl Seen {
    /// Looks. Blocks. `None` when the program lies in no repository that can be read, or where git ignores it, as it does
    /// what is installed in an environment.
    pub(super) fn of(client: &Client) -> Option<Self> {
        let clock = SystemClock;
        let captured_at = Instant(clock.now());
        let above = client.script.parent()?;
        if !client.script.is_file() || git::is_ignored(&client.script, git::Limits::default().timeout) {
            return None;
        }
        let capture = |directory: &Path| git::capture(directory, &git::Limits::default(), &clock);
        let holds_script = |root: &str| client.script.starts_with(root);
        let (mut code, mut gaps) = capture(&client.directory);
        if !code.repository.as_ref().is_some_and(|found| holds_script(&found.root)) {
            (code, gaps) = capture(above);
        }
        code.repository.as_ref()?;
        let began = Timestamp::from_millis(client.started_at.millis() + TICK);
        if let Some(changed) = changed_at(&client.script).filter(|at| *at > began) {
            let why = format!("it was changed at {}, after the process had begun", changed.rfc3339());
            gaps.push(Gap::new(Dimension::Code, client.script.display().to_string(), why));
        }
        let empty = Vec::new();
        let command = client.command.as_ref().unwrap_or(&empty);
        let (environment, more) = environment::capture(&environment::Request {
            directory: &client.directory,
            command,
            variables: &client.variables,
            also: &[],
            root: Path::new("/"),
        });
        gaps.extend(more);
        let mut record = Record::new(env!("CARGO_PKG_VERSION"), captured_at, code, environment);
        let mut manifests = Manifests::new();
        match survey(&Survey::project(&client.directory)) {
            Ok(survey) => {
                let found = survey.everything(&[]);
                record.data = found.data;
                gaps.extend(found.gaps);
                manifests = found.manifests;
            }
            Err(error) => gaps.push(Gap::new(Dimension::Data, "data", format!("{error:#}"))),
        }
        if client.command.is_none() {
            let why = "several processes of the same program were connected, with different arguments";
            gaps.push(Gap::new(Dimension::Execution, "command", why));
        }
        record.gaps = gaps;
        record.execution = client.command.as_ref().map(|command| {
            let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
            Execution {
                command: hide_in_command(&words),
                directory: client.directory.to_string_lossy().into_owned(),
                started_at: Instant(client.started_at),
                ended_at: None,
                exit_code: None,
                signal: None,
                resources: None,
                streams: Vec::new(),
            }
        });
        record.inputs_key = record.key(Scope::Inputs).ok();
        Some(Self { record, manifests })
    }
}

fn changed_at(path: &Path) -> Option<Timestamp> {
    let since: Duration = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?))
}
