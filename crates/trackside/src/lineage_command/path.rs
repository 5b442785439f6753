//! Which runs read or wrote a file or directory.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use tokio::task::spawn_blocking;
use trackside_evidence::{Digest, Relation};
use trackside_provenance::data::Survey;
use trackside_tracking::Run;

use super::{
    explorer::{Explorer, RECORDED},
    telling,
};
use crate::recording::{record, stored_manifest, survey};

/// How many runs are tried for the list of files of one directory, should it be gone from some.
const TRIES: usize = 3;

/// Who had to do with some data.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) writers: Vec<Arc<Run>>,
    pub(super) readers: Vec<Arc<Run>>,
}

/// Those runs. The subject of the graph is the data.
pub(super) async fn find(explorer: &mut Explorer<'_>, path: &str) -> anyhow::Result<Found> {
    let given = PathBuf::from(path);
    let (name, digest) = spawn_blocking(move || measure(given)).await??;
    let subject = explorer.told().data(&digest.md5, &name);
    explorer.told().graph.subjects = vec![subject.clone()];
    let digests = [digest.md5];
    let mut found = Found { writers: explorer.writers(&digests).await?, readers: explorer.readers(&digests).await? };
    let [md5] = digests;
    if !telling::is_directory(&md5) {
        within(explorer, &subject, &md5, &mut found).await?;
    }
    Ok(found)
}

/// What stands at the path, as a record would name it. Blocks.
fn measure(given: PathBuf) -> anyhow::Result<(String, Digest)> {
    let here = std::env::current_dir().context("the working directory is gone")?;
    let project = Survey::project(&here);
    let survey = survey(&project)?;
    let shown = given.display().to_string();
    let measured = survey.measure(&[here.join(given)], false).pop().context("nothing was looked at")?;
    let Some(digest) = measured.digest else {
        let why = measured.gaps.first().map_or("it cannot be read", |gap| gap.why.as_str());
        bail!("{shown}: {why}");
    };
    let name = measured.path.strip_prefix(&project).unwrap_or(&measured.path);
    Ok((name.display().to_string(), digest))
}

/// Runs that read or wrote a directory with that file in it. Each list of files is looked into once.
async fn within(explorer: &mut Explorer<'_>, subject: &str, md5: &str, found: &mut Found) -> anyhow::Result<()> {
    // By digest: what it holds, once that is known, and how often it was tried to find out.
    let mut holds: BTreeMap<String, bool> = BTreeMap::new();
    let mut tries: BTreeMap<String, usize> = BTreeMap::new();
    for run in explorer.runs(RECORDED).await? {
        let read: Vec<String> = directories(telling::read(&run).map(|(digest, _)| digest));
        let wrote: Vec<String> = directories(telling::written(&run).map(|(digest, _)| digest));
        let is_open = |digest: &&String| !holds.contains_key(*digest) && tries.get(*digest).is_none_or(|n| *n < TRIES);
        let open: Vec<String> = read.iter().chain(&wrote).filter(is_open).cloned().collect();
        for digest in &open {
            *tries.entry(digest.clone()).or_default() += 1;
        }
        if !open.is_empty() {
            look(explorer, &run, &open, md5, &mut holds).await?;
        }
        let holding = |digest: &&String| holds.get(*digest) == Some(&true);
        for digest in read.iter().chain(&wrote).filter(holding) {
            explorer.told().run(&run);
            explorer.told().graph.link(subject, Relation::PartOf, &format!("data:{digest}"));
        }
        if wrote.iter().any(|digest| holding(&digest)) {
            explorer.told().graph.link(&telling::id(&run.info.run_id), Relation::Wrote, subject);
            found.writers.push(Arc::clone(&run));
        }
        if read.iter().any(|digest| holding(&digest)) {
            found.readers.push(run);
        }
    }
    Ok(())
}

/// Looks for the file in those directories, by the lists of files that the run has of them.
async fn look(
    explorer: &Explorer<'_>,
    run: &Run,
    open: &[String],
    md5: &str,
    holds: &mut BTreeMap<String, bool>,
) -> anyhow::Result<()> {
    let server = explorer.server();
    let Some((record, _)) = record(server, &run.info).await? else { return Ok(()) };
    for data in record.data.iter().chain(&record.outputs) {
        let Some(digest) = data.digest.as_ref().map(|digest| &digest.md5).filter(|digest| open.contains(digest)) else {
            continue;
        };
        if !holds.contains_key(digest)
            && let Some(manifest) = stored_manifest(server, &run.info, data).await
        {
            holds.insert(digest.clone(), manifest.files.iter().any(|file| file.md5 == md5));
        }
    }
    Ok(())
}

fn directories<'a>(digests: impl Iterator<Item = &'a str>) -> Vec<String> {
    digests.filter(|digest| telling::is_directory(digest)).map(str::to_owned).collect()
}
