//! Interpreter, packages and machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the command ran in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The interpreter of the command; `None` when it has none.
    pub python: Option<Python>,
    /// Lock files of the project, sorted by path.
    pub locks: Vec<LockFile>,
    /// The machine.
    pub computer: Computer,
    /// The container image; `None` when nothing says that there is one.
    pub image: Option<Image>,
    /// Variables of the allow-list that were set and that results may depend on.
    pub variables: BTreeMap<String, String>,
    /// Variables that say where and as which of many the command ran: ranks, hosts, jobs. No key is over them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub placement: BTreeMap<String, String>,
}

/// A Python interpreter with what is installed in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// `sys.executable`.
    pub executable: String,
    /// E.g. `3.11.7`.
    pub version: String,
    /// E.g. `CPython`.
    pub implementation: String,
    /// Distributions, sorted by name.
    pub packages: Vec<Package>,
}

/// An installed distribution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Normalised as PEP 503 has it.
    pub name: String,
    /// As its metadata has it.
    pub version: String,
    /// The directory of sources that it is used from (PEP 610), which the version does not pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub editable: Option<String>,
    /// The commit it was installed from (PEP 610).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcs: Option<Vcs>,
}

/// Where a distribution was installed from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Vcs {
    /// Without user name and password.
    pub url: String,
    /// The commit.
    pub commit: String,
}

/// A file that pins what is to be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockFile {
    /// Below the project.
    pub path: String,
    /// `uv`, `pylock`, `poetry`, `pipfile`, `requirements`, `conda` or `cargo`.
    pub kind: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// How many packages it names; `None` when it cannot be read, which is a gap.
    pub packages: Option<u64>,
    /// How many of them it names without an exact version.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub loose: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computer {
    /// E.g. `linux`.
    pub os: String,
    /// E.g. `Debian GNU/Linux 12 (bookworm)`.
    pub distribution: Option<String>,
    /// Of the kernel, e.g. `6.1.0-18-amd64`.
    pub kernel: Option<String>,
    /// E.g. `x86_64`.
    pub architecture: String,
    /// What the processor calls itself.
    pub cpu: Option<String>,
    /// Processors that the command may use.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// What the machine is called.
    pub hostname: Option<String>,
    /// GPUs, in the driver's order.
    pub gpus: Vec<Gpu>,
    /// Version of the driver of the GPUs.
    pub gpu_driver: Option<String>,
}

/// A GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// E.g. `NVIDIA H100 80GB HBM3`.
    pub name: String,
    /// What the driver knows it by.
    pub uuid: Option<String>,
}

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// E.g. `registry.example/train:1.2`; a tag says nothing of what is in it.
    pub name: Option<String>,
    /// `sha256:…`: what is in it.
    pub digest: Option<String>,
    /// Who said so, e.g. `TRACKSIDE_IMAGE_DIGEST`.
    pub source: String,
}
