//! `type: wandb`: a W&B server, or files for `wandb sync`.
//!
//! Keys of the other mode are read and left unused, so that a variable alone can change the mode.

use std::path::PathBuf;

use trackside_http_client::Secret;

use crate::config::{
    scalar,
    section::{Field, Section},
    sink::{secret_key, url},
};

const MODE: Field = Field::new("mode", "online, offline", "offline");
const BASE_URL: Field =
    Field::new("base_url", "the http or https address of a W&B server", "https://wandb.example.com");
const API_KEY: Field =
    Field::new("api_key", "an API key, also as api_key_file or api_key_env; mode online needs it", "\"…\"");
const ENTITY: Field = Field::new("entity", "the name of a team or user", "my-team");
const PROJECT: Field = Field::new("project", "the project of all runs; else one for each experiment", "vision");
const DIRECTORY: Field = Field::new("directory", "a path; mode offline needs it", "./wandb");
const CA_FILE: Field = Field::new("ca_file", "the path of a PEM file of certificates to trust as well", "./ca.pem");

const PUBLIC: &str = "https://api.wandb.ai";
const OFFLINE: [(&str, bool); 2] = [("online", false), ("offline", true)];

/// What the sink needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WandbConfig {
    pub(crate) mode: WandbMode,
    pub(crate) entity: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

/// Where runs go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum WandbMode {
    Online { base_url: String, api_key: Secret },
    Offline { directory: PathBuf },
}

/// Reads the keys of this type.
pub(crate) fn read(section: &mut Section<'_>) -> Option<WandbConfig> {
    let offline = section
        .or(&MODE, false, scalar::word(&OFFLINE), |offline| if *offline { "offline".into() } else { "online".into() });
    let base_url = section.or(&BASE_URL, PUBLIC.to_owned(), url::address, |url| url.as_str().into());
    let key_given = ["api_key", "api_key_file", "api_key_env"].iter().any(|key| section.origin_of(key).is_some());
    let api_key = secret_key::read(section, &API_KEY);
    let entity = section.optional(&ENTITY, scalar::text, |entity| entity.as_str().into());
    let project = section.optional(&PROJECT, scalar::text, |project| project.as_str().into());
    let directory_given = section.origin_of(&DIRECTORY.key).is_some();
    let directory = section.optional(&DIRECTORY, scalar::path, |path| path.display().to_string().into());
    let ca_file = section.optional(&CA_FILE, scalar::path, |path| path.display().to_string().into());
    if offline && !directory_given {
        section.missing(&DIRECTORY);
    }
    if !offline && !key_given {
        section.missing(&API_KEY);
    }
    let mode = if offline {
        WandbMode::Offline { directory: directory? }
    } else {
        WandbMode::Online { base_url, api_key: api_key? }
    };
    Some(WandbConfig { mode, entity, project, ca_file })
}
