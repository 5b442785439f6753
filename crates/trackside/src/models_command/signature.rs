//! `trackside models sign` and `check-signature`: signatures over the files of a version in the format of the `OpenSSF`'s model
//! signing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use futures_util::StreamExt;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use trackside_core::{ErrorKind, SystemClock};
use trackside_evidence::{Bundle, EcKey, EcPublicKey, ModelManifest};
use trackside_provenance::data::Progress;
use trackside_tracking::{ModelVersion, Server};

use super::{
    args::{SignatureChecked, Signed},
    prove::read,
};
use crate::{
    columns::plain,
    output::{Output, count},
    recording::Bar,
    version_name,
};

/// A list of a million files is about 150 MB, in base64.
const MAX_SIGNATURE: u64 = 512 << 20;

pub(super) async fn sign(url: &str, wanted: &Signed, output: Output) -> anyhow::Result<()> {
    let key =
        read(&wanted.key).and_then(|text| EcKey::from_pem(&text).with_context(|| wanted.key.display().to_string()))?;
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let (name, root) = place(&server, &wanted.subject).await?;
    let files = hashed(&server, &root).await.with_context(|| format!("the files of {}", wanted.subject))?;
    let manifest = ModelManifest::new(&name, files);
    ensure!(!manifest.files.is_empty(), "{} has no files", wanted.subject);
    let n_files = manifest.files.len() as u64;
    let bundle = Bundle::sign(&manifest, &key).context("the system has no randomness to give")?;
    let file = &wanted.output;
    fs::write(file, serde_json::to_string(&bundle)?).with_context(|| format!("cannot write {}", file.display()))?;
    let answer = json!({ "subject": wanted.subject, "files": manifest.files, "signature": file });
    output.say(&answer, || {
        format!("{} of {} signed, in {}\n", count(n_files, "file"), plain(&wanted.subject), file.display())
    })
}

/// Exit code 1 when the files are not those that were signed.
pub(super) async fn check(url: &str, wanted: &SignatureChecked, output: Output) -> anyhow::Result<ExitCode> {
    let key = read(&wanted.key)
        .and_then(|text| EcPublicKey::from_pem(&text).with_context(|| wanted.key.display().to_string()))?;
    let signature = &wanted.signature;
    let size = fs::metadata(signature).with_context(|| format!("cannot read {}", signature.display()))?.len();
    ensure!(size <= MAX_SIGNATURE, "{} has {size} bytes, which is too much for a signature", signature.display());
    let bundle: Bundle = serde_json::from_slice(&fs::read(signature)?)
        .with_context(|| format!("{} is no signature of a model", signature.display()))?;
    let server = Server::at(url, Arc::new(SystemClock)).context("--url")?;
    let root = match (&wanted.files, &wanted.subject) {
        (Some(directory), _) => {
            let directory = fs::canonicalize(directory).with_context(|| format!("--files {}", directory.display()))?;
            directory.to_str().context("--files is no UTF-8")?.to_owned()
        }
        (None, Some(subject)) => place(&server, subject).await?.1,
        (None, None) => bail!("say with NAME/VERSION or --files what to check"),
    };
    let faults = match bundle.verified(&key) {
        Err(error) => vec![error.to_string()],
        Ok(manifest) => {
            let mut found = manifest.relevant(hashed(&server, &root).await?);
            found.retain(|path, _| !is_same(&Path::new(&root).join(path), signature));
            differences(&manifest.files, &found)
        }
    };
    output.say(&json!({ "verified": faults.is_empty(), "faults": faults }), || match faults.as_slice() {
        [] => "the files are those that were signed\n".to_owned(),
        faults => plain_lines(faults),
    })?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the model is called, and the artifact URI below which its files are.
async fn place(server: &Server, subject: &str) -> anyhow::Result<(String, String)> {
    let ModelVersion { name, version, .. } = version_name::find(server, subject).await?;
    let root = server.place_of_version(&name, &version).await?;
    Ok((name, root))
}

/// SHA-256 of each file as it streams by, with a bar on a terminal when there is much.
async fn hashed(server: &Server, root: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let files = server.files_below(root).await.map_err(|error| match error.kind() {
        ErrorKind::Unsupported => anyhow::anyhow!("{}; download them, and sign with model_signing", error.message()),
        _ => error.into(),
    })?;
    let bar = Bar::new(false);
    bar.planned(files.iter().map(|file| file.size).sum());
    let mut digests = BTreeMap::new();
    for file in files {
        let mut hash = Sha256::new();
        let mut chunks = server.download_from(root, &file.path).await?;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            bar.hashed(chunk.len() as u64);
        }
        digests.insert(file.path, hex::encode(hash.finalize()));
    }
    bar.clear();
    Ok(digests)
}

fn plain_lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [plain(line), "\n".to_owned()]).collect()
}

fn differences(signed: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let paths: BTreeSet<&String> = signed.keys().chain(found.keys()).collect();
    let fault = |path: &String| match (signed.get(path), found.get(path)) {
        (Some(_), None) => Some(format!("{path} is missing")),
        (None, Some(_)) => Some(format!("{path} was not signed")),
        (signed, found) => (signed != found).then(|| format!("{path} was changed since it was signed")),
    };
    paths.into_iter().filter_map(fault).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).ok().is_some_and(|one| fs::canonicalize(other).ok() == Some(one))
}
