//! `type: mlflow`: any MLflow server.

use std::path::PathBuf;

use trackside_http_client::Auth;

use crate::config::{
    scalar,
    section::{Field, Section},
    sink::{secret_key, url},
};

const URL: Field = Field::new("url", "the http or https address of the server", "https://mlflow.example.com");
const TOKEN: Field = Field::new("token", "a bearer token", "\"…\"");
const USERNAME: Field = Field::new("username", "a name, with password", "trackside");
const PASSWORD: Field = Field::new("password", "a password, with username", "\"…\"");
const EXPERIMENT_PREFIX: Field =
    Field::new("experiment_prefix", "a text before the name of each experiment", "laptop/");
const CA_FILE: Field = Field::new("ca_file", "the path of a PEM file of certificates to trust as well", "./ca.pem");
const ARTIFACTS: Field = Field::new("artifacts", "true, false", "false");

/// What the sink needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MlflowConfig {
    pub(crate) url: String,
    pub(crate) auth: Auth,
    pub(crate) experiment_prefix: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) artifacts: bool,
}

/// Reads the keys of this type.
pub(crate) fn read(section: &mut Section<'_>) -> Option<MlflowConfig> {
    let url = section.required(&URL, url::address, |url| url.as_str().into());
    let auth = auth(section);
    let experiment_prefix = section.optional(&EXPERIMENT_PREFIX, scalar::text, |prefix| prefix.as_str().into());
    let ca_file = section.optional(&CA_FILE, scalar::path, |path| path.display().to_string().into());
    let artifacts = section.or(&ARTIFACTS, true, scalar::boolean, |artifacts| (*artifacts).into());
    Some(MlflowConfig { url: url?, auth, experiment_prefix, ca_file, artifacts })
}

fn auth(section: &mut Section<'_>) -> Auth {
    let token_given = ["token", "token_file", "token_env"].iter().any(|key| section.origin_of(key).is_some());
    let password_given =
        ["password", "password_file", "password_env"].iter().any(|key| section.origin_of(key).is_some());
    let origin = section.origin_of(&USERNAME.key).cloned();
    let token = secret_key::read(section, &TOKEN);
    let username = section.optional(&USERNAME, scalar::text, |name| name.as_str().into());
    let password = secret_key::read(section, &PASSWORD);
    match (origin, password_given) {
        (Some(origin), _) if token_given => {
            let field = Field { allowed: "either token, or username with password".into(), ..USERNAME.clone() };
            section.fault(&field, &origin, "both `token` and `username`".to_owned());
        }
        (Some(_), false) => section.missing(&PASSWORD),
        (None, true) => section.missing(&USERNAME),
        _ => {}
    }
    match (token, username, password) {
        (Some(token), ..) => Auth::Bearer(token),
        (None, Some(username), Some(password)) => Auth::Basic { user: username, password },
        _ => Auth::None,
    }
}
