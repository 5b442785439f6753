//! Names that W&B accepts.
//!
//! W&B refuses some characters in names of projects and ids of runs (client 0.31). A name that fits stays as it is.
//! Any other is rewritten, and ends in a digest of the original so that two names never become one.

/// Longest name of a project, in characters.
const MAX_PROJECT: usize = 128;
/// Longest id of a run that every version of W&B takes, in characters.
const MAX_RUN_ID: usize = 64;

/// The project for an experiment of this name: forbidden characters become `-`.
pub fn project(name: &str) -> String {
    let forbidden = |c: char| matches!(c, '/' | '\\' | '#' | '?' | '%' | ':') || c.is_control();
    let safe = name.replace(forbidden, "-");
    if safe.trim() == name { fitted(name, &safe, MAX_PROJECT) } else { marked(name, safe.trim(), MAX_PROJECT) }
}

/// The run id for one of ours, which may be longer than W&B's.
pub fn run_id(id: &str) -> String {
    fitted(id, id, MAX_RUN_ID)
}

fn fitted(original: &str, safe: &str, max: usize) -> String {
    if safe.is_empty() || safe.chars().count() > max { marked(original, safe, max) } else { safe.to_owned() }
}

fn marked(original: &str, safe: &str, max: usize) -> String {
    let digest = format!("{:016x}", fnv1a(original.as_bytes()));
    let kept: String = safe.chars().take(max - digest.len() - 1).collect();
    if kept.is_empty() { digest } else { format!("{kept}-{digest}") }
}

/// FNV-1a, 64 bits: no secret is kept by it, it only has to be the same for ever.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_stay() {
        for name in ["Default", "my project_1.2", "größe", &"p".repeat(128)] {
            assert_eq!(project(name), name);
        }
        assert_eq!(run_id("0123456789abcdef0123456789abcdef"), "0123456789abcdef0123456789abcdef");
    }

    #[test]
    fn other_names_are_rewritten_and_stay_apart() {
        assert_eq!(project("a/b"), "a-b-e620c3190468cf61");
        assert_ne!(project("a/b"), project("a:b"));
        assert_ne!(project(" a"), project("a"));
        assert_eq!(project("").len(), 16);
        assert_eq!(project(&"p".repeat(129)).chars().count(), 128);
        assert_ne!(run_id(&"r".repeat(65)), run_id(&"r".repeat(66)));
        assert_eq!(run_id(&"r".repeat(256)).len(), 64);
    }

    #[test]
    fn the_digest_is_the_published_one() {
        // Vectors of the authors' page: http://www.isthe.com/chongo/tech/comp/fnv/
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
