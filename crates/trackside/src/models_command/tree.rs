//! `trackside models tree`: which versions a version was made from, theirs, and how each came to be.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Context;
use serde_json::{Value, json};
use trackside_core::{
    ErrorKind, SystemClock, VersionNumber,
    ledger::{ModelState, VersionState},
};
use trackside_tracking::Server;

use super::{
    args::Familial,
    facts::{self, Part},
    verify::present,
};
use crate::{columns::plain, output::Output, recording::record, remote::Remote};

/// Tag of a version that names those it was made from.
const PARENTS: &str = "trackside.parent_versions";
/// Commit of a version that was registered from git.
const COMMIT: &str = "trackside.git.commit";

/// A version, or a text that should name one.
type Name = String;

/// Which version is made from which.
struct Family {
    models: BTreeMap<String, ModelState>,
    /// Further ones below each, in one direction.
    further: BTreeMap<Name, Vec<Name>>,
    facts: BTreeMap<Name, Known>,
}

/// What is known of a version.
#[derive(Default)]
struct Known {
    run: Option<String>,
    commit: Option<String>,
    data: BTreeMap<String, String>,
}

pub(super) async fn run(remote: &Remote, url: &str, wanted: &Familial, output: Output) -> anyhow::Result<()> {
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let mut family = Family { models: present(remote).await?, further: BTreeMap::new(), facts: BTreeMap::new() };
    let start = family.start(&wanted.subject)?;
    family.relate(wanted.down);
    let mut waiting = vec![start.clone()];
    while let Some(name) = waiting.pop() {
        if family.facts.contains_key(&name) {
            continue;
        }
        let known = match family.version(&name) {
            Some(version) => known(&server, version).await?,
            None => Known::default(),
        };
        waiting.extend(family.further.get(&name).into_iter().flatten().cloned());
        family.facts.insert(name, known);
    }
    let told = &mut BTreeSet::new();
    let tree = family.value(&start, told, &mut Vec::new(), if wanted.down { "children" } else { "parents" });
    output.say(&tree, || {
        let mut text = String::new();
        family.write(&start, ["", ""], &mut BTreeSet::new(), &mut Vec::new(), &mut text);
        text
    })
}

impl Family {
    fn start(&self, subject: &str) -> anyhow::Result<Name> {
        let name = match subject.split_once('@') {
            Some((model, alias)) => {
                let number = self.models.get(model).and_then(|model| model.aliases.get(alias));
                number.map(|number| format!("{model}/{number}"))
            }
            None => Some(subject.to_owned()),
        };
        name.filter(|name| self.version(name).is_some())
            .with_context(|| format!("there is no version '{subject}'; say NAME/VERSION or NAME@ALIAS, e.g. churn/3"))
    }

    fn version(&self, name: &str) -> Option<&VersionState> {
        let (model, number) = name.rsplit_once('/')?;
        self.models.get(model)?.versions.get(&number.parse::<VersionNumber>().ok()?)
    }

    /// Notes who is made from whom, or who is made of whom.
    fn relate(&mut self, down: bool) {
        for (model, state) in &self.models {
            for (number, version) in &state.versions {
                let child = format!("{model}/{number}");
                for parent in version.tags.get(PARENTS).map(|text| parents(text)).unwrap_or_default() {
                    let (of, further) = if down { (parent, child.clone()) } else { (child.clone(), parent) };
                    self.further.entry(of).or_default().push(further);
                }
            }
        }
    }

    /// What is to be said behind a name instead of what is below it.
    fn remark(&self, name: &str, told: &BTreeSet<Name>, above: &[Name]) -> Option<&'static str> {
        if self.version(name).is_none() {
            return Some("missing");
        }
        if above.iter().any(|one| one == name) {
            return Some("cycle");
        }
        (told.contains(name)).then_some("told above")
    }

    fn value(&self, name: &Name, told: &mut BTreeSet<Name>, above: &mut Vec<Name>, below: &str) -> Value {
        if let Some(remark) = self.remark(name, told, above) {
            return json!({ "version": name, "remark": remark });
        }
        told.insert(name.clone());
        above.push(name.clone());
        let further = self.further.get(name).into_iter().flatten();
        let further: Vec<Value> = further.map(|one| self.value(one, told, above, below)).collect();
        above.pop();
        let mut value = json!({ "version": name, below: further });
        if let Some(known) = self.facts.get(name) {
            value["run"] = json!(known.run);
            value["commit"] = json!(known.commit);
            value["data"] = json!(known.data);
        }
        value
    }

    fn write(
        &self,
        name: &Name,
        [corner, stem]: [&str; 2],
        told: &mut BTreeSet<Name>,
        above: &mut Vec<Name>,
        text: &mut String,
    ) {
        let remark = self.remark(name, told, above);
        let shown = remark.map(|remark| format!(" ({remark})")).unwrap_or_default();
        text.extend([corner, &plain(name), &shown, "\n"]);
        if remark.is_some() {
            return;
        }
        told.insert(name.clone());
        above.push(name.clone());
        let further: Vec<&Name> = self.further.get(name).into_iter().flatten().collect();
        let trunk = if further.is_empty() { "   " } else { "│  " };
        for line in self.facts.get(name).map(Known::lines).unwrap_or_default() {
            text.extend([stem, trunk, &plain(&line), "\n"]);
        }
        for (index, one) in further.iter().enumerate() {
            let (corner, below) = if index + 1 == further.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.write(one, [&format!("{stem}{corner}"), &format!("{stem}{below}")], told, above, text);
        }
        above.pop();
    }
}

impl Known {
    fn lines(&self) -> Vec<String> {
        let run = self.run.iter().map(|run| format!("run {run}"));
        let commit = self.commit.iter().map(|commit| format!("commit {commit}"));
        let data = self.data.iter().map(|(path, digest)| format!("data {path} {digest}"));
        run.chain(commit).chain(data).collect()
    }
}

async fn known(server: &Server, version: &VersionState) -> anyhow::Result<Known> {
    let mut known = Known { commit: version.tags.get(COMMIT).cloned(), ..Known::default() };
    let Some(id) = version.run.as_deref().filter(|run| !run.is_empty()) else { return Ok(known) };
    known.run = Some(id.to_owned());
    let run = match server.run(id).await {
        Ok(run) => run,
        // The run was removed, the version was not.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(known),
        Err(error) => return Err(error.into()),
    };
    let record = record(server, &run.info).await?.map(|(record, _)| record);
    for ((part, name), value) in facts::of(&run, record.as_ref()) {
        match part {
            Part::Code if name == "commit" => known.commit = Some(value),
            Part::Data => drop(known.data.insert(name, value)),
            _ => {}
        }
    }
    Ok(known)
}

/// Versions as the tag names them: `churn/3, base/1`. Names have no slash, but may have blanks: those that no comma parts are told
/// apart by blanks where there is more than one slash.
fn parents(text: &str) -> Vec<Name> {
    let items = text.split(',').flat_map(|item| {
        let is_one = item.matches('/').count() <= 1;
        if is_one { vec![item.trim()] } else { item.split_whitespace().collect() }
    });
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
