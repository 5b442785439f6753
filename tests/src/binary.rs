use std::{env, path::PathBuf};

/// A binary that this workspace built, from the directory in which the running test lies.
///
/// # Panics
/// When it is not there: `cargo test` alone does not build the binaries of other packages.
pub fn binary(name: &str) -> PathBuf {
    if let Some(path) = env::var_os("TRACKSIDE_BIN").filter(|_| name == "trackside") {
        return path.into();
    }
    let test = env::current_exe().expect("a running test has a path");
    let path = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps").join(name);
    assert!(path.exists(), "{} is not built; run `cargo build --workspace` first", path.display());
    path
}
