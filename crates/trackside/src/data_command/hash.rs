//! `trackside data hash`.

use anyhow::bail;
use serde_json::{Value as Json, json};
use trackside_provenance::data::{Measured, Survey};

use super::{args::HashArgs, extent, told};
use crate::{
    columns::plain,
    output::{Output, count},
    recording::Bar,
};

/// Prints the digests; an error when there is one that has none.
pub(super) fn run(survey: &Survey, args: &HashArgs, bar: &Bar, output: Output) -> anyhow::Result<()> {
    let measured = survey.measure(&args.paths, args.legacy);
    bar.clear();
    let named: Vec<_> = args.paths.iter().map(|path| path.to_string_lossy().into_owned()).zip(&measured).collect();
    let answer: Vec<Json> = named.iter().map(|(name, measured)| record(name, measured)).collect();
    output.say(&answer, || named.iter().map(|(name, measured)| text(name, measured, args)).collect())?;
    let without = measured.iter().filter(|measured| measured.digest.is_none()).count() as u64;
    match without {
        0 => Ok(()),
        n => bail!("{} of {} could not be hashed", n, count(measured.len() as u64, "path")),
    }
}

fn record(name: &str, measured: &Measured) -> Json {
    let digest = measured.digest.as_ref();
    json!({
        "path": name,
        "kind": measured.kind,
        "md5": digest.map(|digest| &digest.md5),
        "sha256": digest.map(|digest| &digest.sha256),
        "legacy": measured.legacy,
        "size": digest.map(|digest| digest.size),
        "files": digest.map(|digest| digest.files),
        "gaps": measured.gaps,
    })
}

fn text(name: &str, measured: &Measured, args: &HashArgs) -> String {
    let mut lines = Vec::new();
    if let Some(digest) = &measured.digest {
        // As wide as that of a directory, so that paths stand below each other.
        lines.push(format!("{:<36}  {}  ({})\n", digest.md5, plain(name), extent(digest.files, digest.size)));
        if args.sha256 {
            lines.push(format!("    sha256  {}\n", digest.sha256));
        }
        lines.extend(measured.legacy.as_ref().map(|legacy| format!("    legacy  {legacy}\n")));
    }
    lines.push(told(&measured.gaps));
    lines.concat()
}
