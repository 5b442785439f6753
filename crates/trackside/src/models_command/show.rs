//! `trackside models show`.

use anyhow::Context;
use serde_json::json;
use trackside_core::{
    Timestamp,
    ledger::{ModelState, VersionState},
};

use super::{
    args::Shown,
    ledger::{of_model, replayed},
};
use crate::{
    columns::{aligned, plain, shortened},
    output::Output,
    remote::Remote,
};

pub(super) async fn run(remote: &Remote, wanted: &Shown, output: Output) -> anyhow::Result<()> {
    let entries = of_model(remote, &wanted.name, wanted.as_of).await?;
    let state = replayed(&entries)?;
    let model = state.models.get(&wanted.name).with_context(|| match wanted.as_of {
        Some(time) => format!("there was no registered model '{}' at {}", wanted.name, time.rfc3339()),
        None => format!("there is no registered model '{}'", wanted.name),
    })?;
    let shown = json!({ "name": wanted.name, "as_of": wanted.as_of.map(Timestamp::rfc3339), "model": model });
    output.say(&shown, || text(&wanted.name, model))
}

fn text(name: &str, model: &ModelState) -> String {
    let description = model.description.as_deref().filter(|text| !text.is_empty());
    let mut text = format!("{}\n", plain(name));
    text.extend(description.map(|description| format!("{}\n", plain(description))));
    text.extend(model.tags.iter().map(|(key, value)| format!("{} = {}\n", plain(key), shortened(value))));
    if model.versions.is_empty() {
        return text + "no versions\n";
    }
    let head = ["VERSION", "STAGE", "ALIASES", "RUN", "SOURCE"].map(str::to_owned);
    let row = |(number, version): (&u32, &VersionState)| {
        let aliases = model.aliases.iter().filter(|(_, named)| *named == number).map(|(alias, _)| plain(alias));
        [
            number.to_string(),
            plain(&version.stage),
            aliases.collect::<Vec<_>>().join(", "),
            version.run.as_deref().map(plain).unwrap_or_default(),
            shortened(&version.source),
        ]
    };
    text + &aligned(&head, &model.versions.iter().map(row).collect::<Vec<_>>())
}
