//! Which statuses end a call for good, and which are worth another try: W&B's client treats each call in its own way.
//!
//! A server must not answer a passing fault with a status that is final: the client would give the run up.

/// The calls that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// GraphQL, other than creating or changing a run.
    GraphQl,
    /// Creating or changing a run: a conflict passes.
    UpsertBucket,
    /// The file stream.
    FileStream,
    /// Bytes of a file.
    Upload,
}

/// Of GraphQL and file stream (client 0.31). Every other status from 400 is tried again, 500 and up as well.
const FINAL: [u16; 10] = [400, 401, 402, 403, 404, 409, 410, 413, 422, 501];
/// Of uploads, below 500 (client 0.31). Every other such status is final.
const UPLOAD_PASSING: [u16; 4] = [408, 409, 418, 429];

impl Call {
    /// Whether a status is final, as the client sees it. Success is neither; do not ask.
    pub fn is_final(self, status: u16) -> bool {
        match self {
            Self::UpsertBucket if status == 409 => false,
            Self::GraphQl | Self::UpsertBucket | Self::FileStream => FINAL.contains(&status),
            Self::Upload => status < 500 && !UPLOAD_PASSING.contains(&status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_passes_where_a_run_is_created() {
        assert!(Call::GraphQl.is_final(409) && Call::FileStream.is_final(409));
        assert!(!Call::UpsertBucket.is_final(409) && !Call::Upload.is_final(409));
    }

    #[test]
    fn overload_always_passes() {
        for call in [Call::GraphQl, Call::UpsertBucket, Call::FileStream, Call::Upload] {
            for status in [408, 429, 500, 502, 503, 504] {
                assert!(!call.is_final(status), "{call:?} {status}");
            }
            for status in [400, 401, 403, 404, 410, 422] {
                assert!(call.is_final(status), "{call:?} {status}");
            }
        }
        assert!(!Call::FileStream.is_final(405) && Call::FileStream.is_final(501) && !Call::Upload.is_final(501));
    }
}
