//! What must never come in with a dependency. `deny.toml` says the same to `cargo deny`, which is not everywhere.

use cargo_metadata::MetadataCommand;

/// OpenSSL in any form, and the other C library for TLS: we use rustls with ring.
const BANNED: [&str; 5] = ["openssl", "openssl-sys", "native-tls", "aws-lc-sys", "aws-lc-rs"];
/// The licences that `deny.toml` allows, all of which may be linked into an Apache-2.0 program.
const LICENCES: [&str; 8] = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0", "Zlib"];

#[test]
fn no_openssl_and_only_permissive_licences() {
    let metadata = MetadataCommand::new().exec().unwrap();
    for package in &metadata.packages {
        assert!(!BANNED.contains(&package.name.as_str()), "{} is banned", package.name);
        let licence = package.license.as_deref().unwrap_or_default();
        // `A OR B` lets us choose, `A AND B` does not.
        let fine = licence.replace('/', " OR ").split(" OR ").any(|choice| {
            choice.trim_matches(['(', ')', ' ']).split(" AND ").all(|one| {
                let one = one.trim_matches(['(', ')', ' ']);
                LICENCES.contains(&one) || one == "Apache-2.0 WITH LLVM-exception"
            })
        });
        assert!(fine, "{} has the licence {licence:?}", package.name);
        let registry = package.source.as_ref().is_none_or(|source| source.repr.starts_with("registry+"));
        assert!(registry, "{} does not come from the registry", package.name);
    }
}
