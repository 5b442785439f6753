//! GPUs, as their drivers list them in `/proc` and `/sys`; no library of a driver is loaded.
//!
//! NVIDIA: `/proc/driver/nvidia/gpus/<address>/information`, `/sys/module/nvidia/version`. AMD: cards of
//! `/sys/class/drm` with its vendor number. Others are not told.

use std::{fs, path::Path};

use trackside_evidence::Gpu;

use super::computer::text;

/// AMD's number among the vendors of PCI.
const AMD: &str = "0x1002";

/// GPUs by their addresses, and the version of the driver.
pub(super) fn find(root: &Path) -> (Vec<Gpu>, Option<String>) {
    let (mut gpus, mut driver) = (Vec::new(), None);
    let version = |path: &str| text(root, path).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    for name in names(root, "proc/driver/nvidia/gpus") {
        if let Some(information) = text(root, &format!("proc/driver/nvidia/gpus/{name}/information")) {
            gpus.extend(nvidia(&information));
        }
    }
    if !gpus.is_empty() {
        driver = version("sys/module/nvidia/version");
        driver = driver.or_else(|| text(root, "proc/driver/nvidia/version").as_deref().and_then(nvidia_version));
    }
    let mut amd = Vec::new();
    for name in names(root, "sys/class/drm") {
        // `card0` is a card, `card0-DP-1` a connector of it.
        let number = name.strip_prefix("card").and_then(|number| number.parse::<u32>().ok());
        let field = |field: &str| version(&format!("sys/class/drm/{name}/device/{field}"));
        if let (Some(number), Some(AMD)) = (number, field("vendor").as_deref()) {
            let device = field("device").unwrap_or_default();
            let name = field("product_name").unwrap_or_else(|| format!("AMD {device}").trim().to_owned());
            amd.push((number, Gpu { name, uuid: field("unique_id") }));
        }
    }
    if !amd.is_empty() && driver.is_none() {
        driver = version("sys/module/amdgpu/version");
    }
    amd.sort_by_key(|(number, _)| *number);
    gpus.extend(amd.into_iter().map(|(_, gpu)| gpu));
    (gpus, driver)
}

fn names(root: &Path, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// `Model: NVIDIA H100` and `GPU UUID: GPU-…`, which is question marks until the GPU was used.
fn nvidia(information: &str) -> Option<Gpu> {
    let field = |wanted: &str| {
        let mut fields = information.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim().to_owned())
    };
    let uuid = field("GPU UUID").filter(|uuid| !uuid.contains('?'));
    Some(Gpu { name: field("Model")?, uuid })
}

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 …`.
fn nvidia_version(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("NVRM version:"))?;
    let is_version = |word: &&str| word.contains('.') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    line.split_whitespace().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            fs::write(root.path().join(path), content).unwrap();
        }
        root
    }

    fn gpu(name: &str, uuid: Option<&str>) -> Gpu {
        Gpu { name: name.to_owned(), uuid: uuid.map(str::to_owned) }
    }

    #[test]
    fn nvidia_is_listed_by_address() {
        let root = tree(&[
            (
                "proc/driver/nvidia/gpus/0000:41:00.0/information",
                "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 1\nGPU UUID: \t GPU-????????-????\n",
            ),
            (
                "proc/driver/nvidia/gpus/0000:01:00.0/information",
                "Model: \t\t NVIDIA H100 80GB HBM3\nGPU UUID: \t GPU-1f2e\n",
            ),
            (
                "proc/driver/nvidia/version",
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat\nGCC: 12.1\n",
            ),
        ]);
        let expected = vec![gpu("NVIDIA H100 80GB HBM3", Some("GPU-1f2e")), gpu("NVIDIA A100-SXM4-40GB", None)];
        assert_eq!(find(root.path()), (expected, Some("535.104.05".to_owned())));
    }

    #[test]
    fn amd_is_listed_by_card() {
        let root = tree(&[
            ("sys/class/drm/card10/device/vendor", "0x1002\n"),
            ("sys/class/drm/card10/device/device", "0x740f\n"),
            ("sys/class/drm/card2/device/vendor", "0x1002\n"),
            ("sys/class/drm/card2/device/product_name", "AMD Instinct MI300X\n"),
            ("sys/class/drm/card2/device/unique_id", "a1b2\n"),
            ("sys/class/drm/card0/device/vendor", "0x1a03\n"),
            ("sys/class/drm/card2-DP-1/device/vendor", "0x1002\n"),
            ("sys/module/amdgpu/version", "6.3.6\n"),
        ]);
        let expected = vec![gpu("AMD Instinct MI300X", Some("a1b2")), gpu("AMD 0x740f", None)];
        assert_eq!(find(root.path()), (expected, Some("6.3.6".to_owned())));
    }

    #[test]
    fn without_a_gpu_there_is_no_driver() {
        let root = tree(&[("sys/module/nvidia/version", "535\n")]);
        assert_eq!(find(root.path()), (vec![], None));
    }
}
