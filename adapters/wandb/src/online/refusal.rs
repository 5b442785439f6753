//! What refused calls mean, by the table of the wire crate: what W&B's client gives up at once is permanent, what it
//! tries again is temporary.

use std::{error, fmt};

use serde::Deserialize;
use trackside_core::{Error, ErrorKind};
use trackside_http_client::Refusal;
use trackside_wandb_wire::{
    graphql::{self, Fault},
    refusal::Call,
};

/// How much of a body without message is shown, in characters.
const MAX_SHOWN: usize = 200;

pub(super) fn of_graphql(refusal: &Refusal) -> Option<Error> {
    read(Call::GraphQl, refusal)
}

pub(super) fn of_upsert(refusal: &Refusal) -> Option<Error> {
    read(Call::UpsertBucket, refusal)
}

pub(super) fn of_stream(refusal: &Refusal) -> Option<Error> {
    let error = read(Call::FileStream, refusal)?;
    Some(if refusal.status() == 413 { error.with_source(TooLarge) } else { error })
}

/// The cause of a refusal that a smaller request need not meet.
#[derive(Debug)]
struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request is too large")
    }
}

impl error::Error for TooLarge {}

/// Whether a request of the file stream was refused for its size.
pub(super) fn is_too_large(error: &Error) -> bool {
    error::Error::source(error).is_some_and(<dyn error::Error>::is::<TooLarge>)
}

pub(super) fn of_upload(refusal: &Refusal) -> Option<Error> {
    read(Call::Upload, refusal)
}

fn read(call: Call, refusal: &Refusal) -> Option<Error> {
    let status = refusal.status();
    // Redirects and proxies are no answers of W&B.
    (status >= 400 && status != 407).then(|| refusal.error_of(kind(call, status), &message(refusal)))
}

const fn kind_if_final(call: Call, status: u16) -> ErrorKind {
    match (call, status) {
        // Storage refuses the address it was given, not our key. A new try gets a new address.
        (Call::Upload, _) => ErrorKind::Invalid,
        (_, 401) => ErrorKind::Unauthenticated,
        // 402 is an account that is not paid for.
        (_, 402 | 403) => ErrorKind::Denied,
        (_, 404 | 410) => ErrorKind::NotFound,
        (_, 409) => ErrorKind::Conflict,
        (_, 501) => ErrorKind::Unsupported,
        _ => ErrorKind::Invalid,
    }
}

fn kind(call: Call, status: u16) -> ErrorKind {
    match status {
        _ if call.is_final(status) => kind_if_final(call, status),
        408 | 425 | 429 => ErrorKind::Throttled,
        _ => ErrorKind::Unavailable,
    }
}

/// What the server has to say: `errors` of GraphQL, `error` elsewhere, or the beginning of anything else.
fn message(refusal: &Refusal) -> String {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Fault>,
        error: Option<String>,
    }
    match refusal.json::<Body>() {
        Some(Body { errors, .. }) if !errors.is_empty() => graphql::messages(&errors),
        Some(Body { error: Some(error), .. }) => error,
        _ => String::from_utf8_lossy(refusal.body()).trim().chars().take(MAX_SHOWN).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_client() {
        use ErrorKind::{Conflict, Denied, Invalid, NotFound, Throttled, Unauthenticated, Unavailable, Unsupported};
        for (call, status, expected) in [
            (Call::GraphQl, 400, Invalid),
            (Call::GraphQl, 401, Unauthenticated),
            (Call::GraphQl, 402, Denied),
            (Call::FileStream, 403, Denied),
            (Call::FileStream, 404, NotFound),
            (Call::FileStream, 409, Conflict),
            (Call::UpsertBucket, 409, Unavailable),
            (Call::FileStream, 405, Unavailable),
            (Call::FileStream, 413, Invalid),
            (Call::FileStream, 429, Throttled),
            (Call::FileStream, 500, Unavailable),
            (Call::GraphQl, 501, Unsupported),
            (Call::Upload, 403, Invalid),
            (Call::Upload, 409, Unavailable),
            (Call::Upload, 501, Unavailable),
        ] {
            assert_eq!(kind(call, status), expected, "{call:?} {status}");
        }
    }
}
