//! Makes keys.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use serde_json::json;
use trackside_evidence::SigningKey;

use super::args::Keygen;
use crate::output::Output;

pub(super) fn run(wanted: &Keygen, output: Output) -> anyhow::Result<()> {
    let private = &wanted.output;
    let mut public = OsString::from(private);
    public.push(".pub");
    let public = PathBuf::from(public);
    let key = SigningKey::generate().context("the system has no randomness to give")?;
    // A public key that is there goes with a private key that somebody has.
    if public.exists() {
        bail!("{} exists, and is not overwritten", public.display());
    }
    create(private, &key.to_pem(), 0o600)?;
    if let Err(error) = create(&public, &key.verifying().to_pem(), 0o644) {
        // Without the other half it is of no use, and would be in the way.
        fs::remove_file(private).ok();
        return Err(error);
    }
    let id = key.verifying().id();
    let answer = json!({"key": private, "public_key": public, "id": id});
    output.say(&answer, || {
        format!(
            "private key  {}   keep it to yourself\npublic key   {}   give it to those who verify\nid           {id}\n",
            private.display(),
            public.display()
        )
    })
}

fn create(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow!("{} exists, and is not overwritten", path.display()),
        _ => anyhow!(error).context(format!("cannot write {}", path.display())),
    })?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}
