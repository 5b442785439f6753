//! The section `sinks`: a map from names to destinations.

mod exec;
mod mlflow;
mod notify;
mod policy;
mod secret_key;
mod sqlite;
mod tensorboard;
mod url;
mod wandb;

use trackside_fanout::Policy;

use self::notify::Receiver;
use crate::config::{
    scalar,
    section::{Field, Report, Section},
    suggestion::nearest,
    value::{Node, Value},
};

pub(crate) use self::{
    exec::ExecConfig,
    mlflow::MlflowConfig,
    notify::NotifyConfig,
    sqlite::SqliteConfig,
    tensorboard::TensorBoardConfig,
    url::is_address,
    wandb::{WandbConfig, WandbMode},
};

/// What the section is called.
pub(crate) const SINKS: Field =
    Field::new("sinks", "a map from names to sinks", "{tb: {type: tensorboard, directory: ./tb}}");

const TYPE: Field =
    Field::new("type", "mlflow, wandb, tensorboard, sqlite, exec, webhook, slack, teams, email", "mlflow");
const ENABLED: Field = Field::new("enabled", "true, false", "false");
const NAME: &str = "a name of at most 63 of a-z, 0-9, - and _, that begins with a letter or digit";

/// One destination, as configured. Two that are equal need no new connection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SinkConfig {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) destination: Destination,
    pub(crate) policy: Policy,
}

/// What a sink delivers to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Destination {
    Mlflow(MlflowConfig),
    Wandb(WandbConfig),
    TensorBoard(TensorBoardConfig),
    Sqlite(SqliteConfig),
    Exec(ExecConfig),
    Notify(NotifyConfig),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Mlflow,
    Wandb,
    TensorBoard,
    Sqlite,
    Exec,
    Notify(Receiver),
}

const TYPES: [(&str, Type); 9] = [
    ("mlflow", Type::Mlflow),
    ("wandb", Type::Wandb),
    ("tensorboard", Type::TensorBoard),
    ("sqlite", Type::Sqlite),
    ("exec", Type::Exec),
    ("webhook", Type::Notify(Receiver::Webhook)),
    ("slack", Type::Notify(Receiver::Slack)),
    ("teams", Type::Notify(Receiver::Teams)),
    ("email", Type::Notify(Receiver::Email)),
];

/// Reads all sinks. Returns the names of those that are there, and those that are right.
pub(crate) fn read_all(root: &mut Section<'_>) -> (Vec<String>, Vec<SinkConfig>) {
    let value = root.take(&SINKS);
    let entries = match value {
        None | Some(Value { node: Node::Empty, .. }) => return (Vec::new(), Vec::new()),
        Some(Value { node: Node::Map(entries), .. }) => entries,
        Some(other) => {
            root.fault(&SINKS, &other.origin, other.found());
            return (Vec::new(), Vec::new());
        }
    };
    let names = entries.keys().cloned().collect();
    let sinks = entries.into_iter().filter_map(|(name, value)| read(root, name, value)).collect();
    (names, sinks)
}

/// Whether a sink may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 63 && name.starts_with(plain) && name.chars().all(|c| plain(c) || c == '-' || c == '_')
}

fn read(root: &mut Section<'_>, name: String, value: Value) -> Option<SinkConfig> {
    let path = format!("{}.{name}", SINKS.key);
    if !is_name(&name) {
        let field = Field { allowed: NAME.into(), ..SINKS.clone() };
        root.fault(&field, &value.origin, format!("the name `{name}`"));
    }
    let mut section = Section::open(root.report, &path, Some(value), "tb: {type: tensorboard, directory: ./tb}");
    let kind = |value: &Value, report: &Report| {
        scalar::word(&TYPES)(value, report).map_err(|found| {
            let meant = value.scalar().and_then(|text| nearest(text, TYPES.map(|(word, _)| word)));
            meant.map_or(found.clone(), |meant| format!("{found}; did you mean `{meant}`?"))
        })
    };
    let shown = |kind: &Type| TYPES.iter().find(|(_, known)| known == kind).map_or("", |(word, _)| word).into();
    // Without a type nobody knows which keys are right, so the section is not finished.
    let kind = section.required(&TYPE, kind, shown)?;
    let enabled = section.or(&ENABLED, true, scalar::boolean, |enabled| (*enabled).into());
    let destination = match kind {
        Type::Mlflow => mlflow::read(&mut section).map(Destination::Mlflow),
        Type::Wandb => wandb::read(&mut section).map(Destination::Wandb),
        Type::TensorBoard => tensorboard::read(&mut section).map(Destination::TensorBoard),
        Type::Sqlite => sqlite::read(&mut section).map(Destination::Sqlite),
        Type::Exec => exec::read(&mut section).map(Destination::Exec),
        Type::Notify(receiver) => notify::read(&mut section, receiver).map(Destination::Notify),
    };
    let default = if matches!(kind, Type::Notify(_)) { notify::policy() } else { Policy::default() };
    let policy = policy::read(&mut section, &default);
    section.finish();
    Some(SinkConfig { name, enabled, destination: destination?, policy })
}
