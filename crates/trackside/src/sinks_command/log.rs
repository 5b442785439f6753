//! `trackside sinks log`.

use trackside_admin::shape::{Sending, Sendings};
use trackside_core::Timestamp;

use crate::{
    columns::{aligned, plain, shortened},
    output::Output,
    remote::Remote,
};

pub(super) async fn run(remote: &Remote, name: &str, output: Output) -> anyhow::Result<()> {
    let found: Sendings = remote.get(&["sinks", name, "log"], &[]).await?;
    output.say(&found, || table(&found.sendings))
}

fn table(sendings: &[Sending]) -> String {
    if sendings.is_empty() {
        return "nothing was sent\n".to_owned();
    }
    let head = ["TIME", "EVENT", "TO", "MS", "OUTCOME", "TEXT"].map(str::to_owned);
    let row = |sending: &Sending| {
        [
            Timestamp::from_millis(sending.at_ms).rfc3339(),
            sending.event.clone(),
            plain(&sending.to),
            sending.took_ms.to_string(),
            sending.error.as_deref().map_or_else(|| "taken".to_owned(), shortened),
            shortened(&sending.text),
        ]
    };
    aligned(&head, &sendings.iter().map(row).collect::<Vec<_>>())
}
