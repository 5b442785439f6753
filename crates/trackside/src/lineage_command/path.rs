//! Which runs read or wrote a file or directory.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use tokio::task::spawn_blocking;
use trackside_core::SystemClock;
use trackside_evidence::Relation;
use trackside_provenance::data::Survey;

use super::explorer::Explorer;
use crate::audit_command::{manifests, record};

/// The ids of those runs. The subject of the graph is the data.
pub(super) async fn find(explorer: &mut Explorer<'_>, path: &str) -> anyhow::Result<Vec<String>> {
    let given = PathBuf::from(path);
    let digest = spawn_blocking(move || -> anyhow::Result<_> {
        let here = std::env::current_dir().context("the working directory is gone")?;
        let survey = Survey::new(&Survey::project(&here), Arc::new(SystemClock))?;
        Ok(survey.measure(&[given], false).pop().and_then(|measured| measured.digest))
    })
    .await??;
    let Some(digest) = digest else { bail!("{path}: cannot be read") };
    let subject = explorer.data(&digest.md5, path);
    explorer.graph.subjects = vec![subject.clone()];
    let mut runs = BTreeSet::new();
    for reader in explorer.readers(&digest.md5).await? {
        let to = explorer.run(&reader);
        explorer.graph.link(&subject, Relation::Read, &to);
        runs.insert(reader.info.run_id);
    }
    for writer in explorer.writers(&digest.md5).await? {
        let from = explorer.run(&writer);
        explorer.graph.link(&from, Relation::Wrote, &subject);
        runs.insert(writer.info.run_id);
    }
    runs.extend(within(explorer, &subject, &digest.md5).await?);
    Ok(runs.into_iter().collect())
}

/// Runs that read a directory with that file in it: each list of files is looked into once.
async fn within(explorer: &mut Explorer<'_>, subject: &str, md5: &str) -> anyhow::Result<Vec<String>> {
    let (mut seen, mut holding) = (BTreeSet::new(), BTreeSet::new());
    let mut runs = Vec::new();
    for run in explorer.server().runs(&[], "tags.`trackside.gaps` LIKE '%'").await? {
        let datasets = run.inputs.dataset_inputs.iter().filter_map(|input| input.dataset.as_ref()?.digest.clone());
        let directories: Vec<String> = datasets.filter(|digest| digest.strip_suffix(".dir").is_some()).collect();
        if directories.iter().any(|digest| !seen.contains(digest))
            && let Some((record, _)) = record(explorer.server(), &run.info).await?
        {
            let manifests = manifests(explorer.server(), &run.info, &record).await;
            for data in &record.data {
                let Some(digest) = &data.digest else { continue };
                let holds = manifests.get(&data.path).is_some_and(|list| list.files.iter().any(|file| file.md5 == md5));
                if seen.insert(digest.md5.clone()) && holds {
                    holding.insert(digest.md5.clone());
                }
            }
        }
        for digest in directories.iter().filter(|digest| holding.contains(*digest)) {
            let path = run.inputs.dataset_inputs.iter().filter_map(|input| input.dataset.as_ref());
            let path =
                path.filter(|dataset| dataset.digest.as_ref() == Some(digest)).find_map(|dataset| dataset.name.clone());
            let directory = explorer.data(digest, path.as_deref().unwrap_or_default());
            explorer.graph.link(subject, Relation::PartOf, &directory);
            let to = explorer.run(&run);
            explorer.graph.link(&directory, Relation::Read, &to);
            runs.push(run.info.run_id.clone());
        }
    }
    Ok(runs)
}
