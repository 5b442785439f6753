//! `type: webhook`, `slack`, `teams`, `email`: who is told of what happens.

use std::{path::PathBuf, time::Duration};

use trackside_adapter_notify::{Channel, EventKind, Mail, Security, Subscription, is_pattern};
use trackside_core::WebhookSecret;
use trackside_fanout::Policy;
use trackside_http_client::{HIDDEN, Secret};

use crate::{
    age,
    config::{
        scalar,
        section::{Field, Report, Section},
        sink::{secret_key, url},
        suggestion::nearest,
        value::Value,
    },
};

/// The sorts of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    Webhook,
    Slack,
    Teams,
    Email,
}

const URL: Field = Field::new(
    "url",
    "an http or https address, also as url_file or url_env: it may hold a secret",
    "https://hooks.example.com/trackside",
);
const SECRET: Field = Field::new("secret", "a secret that messages are signed with", "\"…\"");
const EVENTS: Field = Field::new(
    "events",
    "a list of run.finished, run.failed, run.killed, run.stale, version.created, promotion.requested, promotion.approved, \
     promotion.rejected, promotion.withdrawn, promotion.done, promotion.rolled_back, audit.failed, and patterns of them \
     with *",
    "[run.failed, promotion.*]",
);
const MODELS: Field = Field::new("models", "a list of names of registered models, with * for any text", "[churn*]");
const EXPERIMENTS: Field = Field::new("experiments", "a list of names of experiments, with * for any text", "[vision]");
const DIGEST: Field = Field::new("digest", "an age from 1s to 31d, such as 1h or 1d", "1h");
const CA_FILE: Field = Field::new("ca_file", "the path of a PEM file of certificates to trust as well", "./ca.pem");
const HOST: Field = Field::new("host", "the name of an SMTP server", "smtp.example.com");
const PORT: Field = Field::new("port", "1 to 65535", "587");
const SECURITY: Field = Field::new("security", "starttls, tls, none", "tls");
const USERNAME: Field = Field::new("username", "a name, with password", "trackside");
const PASSWORD: Field = Field::new("password", "a password, with username", "\"…\"");
const FROM: Field = Field::new("from", "an address of a mail", "\"Trackside <trackside@example.com>\"");
const TO: Field = Field::new("to", "a list of addresses of mails", "[team@example.com]");

const SECURITIES: [(&str, Security); 3] =
    [("starttls", Security::StartTls), ("tls", Security::Tls), ("none", Security::None)];
const LONGEST_DIGEST: Duration = Duration::from_hours(31 * 24);

/// What the sink needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NotifyConfig {
    pub(crate) channel: Channel,
    pub(crate) events: Vec<String>,
    pub(crate) models: Vec<String>,
    pub(crate) experiments: Vec<String>,
    pub(crate) digest: Option<Duration>,
    pub(crate) ca_file: Option<PathBuf>,
}

/// How patient to be unless somebody says otherwise: a receiver that answers with errors for an hour may be down, and what it
/// refuses otherwise takes that long to become a dead letter.
pub(crate) fn policy() -> Policy {
    Policy { give_up_after: 200, ..Policy::default() }
}

/// Reads the keys of this type.
pub(crate) fn read(section: &mut Section<'_>, receiver: Receiver) -> Option<NotifyConfig> {
    let channel = match receiver {
        Receiver::Webhook => {
            let url = address(section);
            let secret = secret_key::read(section, &SECRET);
            let secret = secret.and_then(|secret| WebhookSecret::new(secret.expose()));
            url.map(|url| Channel::Webhook { url, secret })
        }
        Receiver::Slack => address(section).map(|url| Channel::Slack { url }),
        Receiver::Teams => address(section).map(|url| Channel::Teams { url }),
        Receiver::Email => mail(section).map(Channel::Email),
    };
    let list = |texts: &Vec<String>| texts.clone().into();
    let events = section.optional(&EVENTS, events, list).unwrap_or_default();
    let models = section.optional(&MODELS, patterns, list).unwrap_or_default();
    let experiments = section.optional(&EXPERIMENTS, patterns, list).unwrap_or_default();
    let digest = section.optional(&DIGEST, period, |period| age::shown(*period).into());
    let ca_file = section.optional(&CA_FILE, scalar::path, |path| path.display().to_string().into());
    Some(NotifyConfig { channel: channel?, events, models, experiments, digest, ca_file })
}

/// Whoever knows the address of a webhook of a chat may write there, so it is read as a secret is.
fn address(section: &mut Section<'_>) -> Option<Secret> {
    let given = ["url", "url_file", "url_env"].into_iter().find_map(|key| section.origin_of(key).cloned());
    let Some(origin) = given else {
        section.missing(&URL);
        return None;
    };
    let url = secret_key::read(section, &URL)?;
    if url::is_address(url.expose()) {
        return Some(url);
    }
    section.fault(&URL, &origin, format!("{HIDDEN}, which is none"));
    None
}

fn mail(section: &mut Section<'_>) -> Option<Mail> {
    let host = section.required(&HOST, scalar::text, |host| host.as_str().into());
    let shown =
        |security: &Security| SECURITIES.iter().find(|(_, it)| it == security).map_or("", |(word, _)| word).into();
    let security = section.or(&SECURITY, Security::StartTls, scalar::word(&SECURITIES), shown);
    let port = match security {
        Security::StartTls => 587,
        Security::Tls => 465,
        Security::None => 25,
    };
    let port = section.or(&PORT, port, scalar::integer(1..=65_535), |port| (*port).into());
    let password_given =
        ["password", "password_file", "password_env"].iter().any(|key| section.origin_of(key).is_some());
    let username_given = section.origin_of(&USERNAME.key).is_some();
    let username = section.optional(&USERNAME, scalar::text, |name| name.as_str().into());
    let password = secret_key::read(section, &PASSWORD);
    match (username_given, password_given) {
        (true, false) => section.missing(&PASSWORD),
        (false, true) => section.missing(&USERNAME),
        _ => {}
    }
    let from = section.required(&FROM, mailbox, |from| from.as_str().into());
    let to = section.required(&TO, mailboxes, |to| to.clone().into());
    let port = u16::try_from(port).unwrap_or(u16::MAX);
    Some(Mail { host: host?, port, security, credentials: username.zip(password), from: from?, to: to? })
}

fn mailbox(value: &Value, report: &Report) -> Result<String, String> {
    scalar::text(value, report).and_then(|text| if Mail::is_address(&text) { Ok(text) } else { Err(value.found()) })
}

fn mailboxes(value: &Value, report: &Report) -> Result<Vec<String>, String> {
    let texts = scalar::words(value, report)?;
    match texts.iter().find(|text| !Mail::is_address(text)) {
        Some(wrong) => Err(format!("`{wrong}` in the list")),
        None if texts.is_empty() => Err("an empty list".to_owned()),
        None => Ok(texts),
    }
}

fn events(value: &Value, report: &Report) -> Result<Vec<String>, String> {
    let texts = patterns(value, report)?;
    let names = |text: &String| {
        let chosen = Subscription::new(std::slice::from_ref(text), &[], &[]);
        chosen.is_ok_and(|chosen| EventKind::ALL.into_iter().any(|kind| chosen.names(kind)))
    };
    match texts.iter().find(|text| !names(text)) {
        None => Ok(texts),
        Some(wrong) => Err(match nearest(wrong, EventKind::ALL.map(EventKind::as_str)) {
            Some(meant) => format!("`{wrong}`; did you mean `{meant}`?"),
            None => format!("`{wrong}`"),
        }),
    }
}

fn patterns(value: &Value, report: &Report) -> Result<Vec<String>, String> {
    let texts = scalar::words(value, report)?;
    match texts.iter().find(|text| !is_pattern(text)) {
        Some(wrong) => Err(format!("`{wrong}`, which is no pattern")),
        None if texts.is_empty() => Err("an empty list".to_owned()),
        None => Ok(texts),
    }
}

fn period(value: &Value, report: &Report) -> Result<Duration, String> {
    let period = age::parse(&scalar::text(value, report)?).map_err(|_| value.found())?;
    if (Duration::from_secs(1)..=LONGEST_DIGEST).contains(&period) { Ok(period) } else { Err(value.found()) }
}
