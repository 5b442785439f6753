//! The arrows between crates: which package may use which. The list is the layering of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Layer of a package and what it may use besides core. Arrows point down.
fn allowed(package: &str) -> Option<&'static [&'static str]> {
    Some(match package {
        // The server knows no protocol and no domain; bench and tests see the product from outside.
        "trackside-core" | "trackside-server" | "trackside-bench" | "trackside-tests" => &[],
        "trackside-artifacts"
        | "trackside-evidence"
        | "trackside-fanout"
        | "trackside-http-client"
        | "trackside-mlflow-wire"
        | "trackside-tensorboard-wire"
        | "trackside-wandb-wire"
        | "trackside-testkit"
        | "trackside-adapter-exec"
        | "trackside-adapter-sqlite" => &["trackside-core"],
        // An adapter, a door and a client of one protocol share its wire crate; webhooks and notices are signed as MLflow
        // signs.
        "trackside-adapter-mlflow" | "trackside-adapter-notify" | "trackside-tracking" | "trackside-webhooks" => {
            &["trackside-core", "trackside-http-client", "trackside-mlflow-wire"]
        }
        "trackside-adapter-tensorboard" => &["trackside-core", "trackside-tensorboard-wire"],
        "trackside-adapter-wandb" => &["trackside-core", "trackside-http-client", "trackside-wandb-wire"],
        // Capture fills in the document of evidence.
        "trackside-provenance" | "trackside-policy" => &["trackside-core", "trackside-evidence"],
        "trackside-admin" => {
            &["trackside-core", "trackside-fanout", "trackside-policy", "trackside-server", "trackside-service"]
        }
        "trackside-compat-tensorboard" => &["trackside-core", "trackside-service", "trackside-tensorboard-wire"],
        "trackside-service" => &["trackside-core", "trackside-artifacts", "trackside-evidence", "trackside-policy"],
        "trackside-compat-mlflow" => {
            &["trackside-core", "trackside-mlflow-wire", "trackside-server", "trackside-service"]
        }
        "trackside-compat-wandb" => {
            &["trackside-core", "trackside-server", "trackside-service", "trackside-wandb-wire"]
        }
        "trackside-examples" => &[
            "trackside-core",
            "trackside-adapter-mlflow",
            "trackside-adapter-sqlite",
            "trackside-adapter-tensorboard",
            "trackside-fanout",
        ],
        "trackside" => &[
            "trackside-core",
            "trackside-artifacts",
            "trackside-service",
            "trackside-server",
            "trackside-fanout",
            "trackside-admin",
            "trackside-http-client",
            "trackside-adapter-exec",
            "trackside-adapter-mlflow",
            "trackside-adapter-notify",
            "trackside-adapter-sqlite",
            "trackside-adapter-tensorboard",
            "trackside-adapter-wandb",
            "trackside-compat-mlflow",
            "trackside-compat-tensorboard",
            "trackside-compat-wandb",
            "trackside-webhooks",
            "trackside-evidence",
            "trackside-policy",
            "trackside-provenance",
            "trackside-tracking",
        ],
        _ => return None,
    })
}

/// Third-party packages that only some of ours may use: who does I/O outward, and who knows HTTP.
const CONFINED: [(&str, &[&str]); 7] = [
    ("lettre", &["trackside-adapter-notify"]),
    // Provenance keeps hashes of files that several processes look up at once, and no runs.
    ("rusqlite", &["trackside-adapter-sqlite", "trackside-bench", "trackside-provenance", "trackside-tests"]),
    ("object_store", &["trackside-artifacts"]),
    ("git2", &["trackside-provenance"]),
    (
        "axum",
        &[
            "trackside-server",
            "trackside-compat-mlflow",
            "trackside-compat-tensorboard",
            "trackside-compat-wandb",
            "trackside-admin",
            "trackside",
        ],
    ),
    ("clap", &["trackside", "trackside-bench"]),
    ("anyhow", &["trackside", "trackside-bench", "trackside-tests", "trackside-examples"]),
];

fn packages() -> Vec<Package> {
    let metadata = MetadataCommand::new().exec().expect("cargo metadata works in a checkout");
    metadata.workspace_packages().into_iter().cloned().collect()
}

fn uses(package: &Package) -> BTreeSet<&str> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.as_str()).collect()
}

#[test]
fn arrows_between_our_packages_point_down() {
    let packages = packages();
    let ours: BTreeMap<&str, &Package> = packages.iter().map(|package| (package.name.as_str(), package)).collect();
    for (name, package) in &ours {
        let allowed = allowed(name).unwrap_or_else(|| panic!("{name} has no place in the layering; give it one here"));
        for used in uses(package).into_iter().filter(|used| ours.contains_key(used)) {
            assert!(allowed.contains(&used), "{name} must not use {used}; see ARCHITECTURE.md");
        }
    }
}

#[test]
fn outward_libraries_stay_where_they_belong() {
    for package in packages() {
        let uses = uses(&package);
        for (library, owners) in CONFINED {
            let allowed = owners.contains(&package.name.as_str());
            assert!(allowed || !uses.contains(library), "{} must not use {library}", package.name);
        }
    }
}

#[test]
fn the_testkit_is_for_tests_only() {
    for package in packages() {
        assert!(!uses(&package).contains("trackside-testkit"), "{} ships the testkit", package.name);
    }
}
