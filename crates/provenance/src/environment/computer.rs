//! The machine: `/etc/os-release`, `/proc` and `/sys` of Linux; `sysctl` of macOS, at best effort.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use trackside_evidence::Computer;

use super::gpu;
use crate::child;

/// What is known of the machine; `root` is `/`, but for tests.
pub(super) fn describe(root: &Path) -> Computer {
    let computer = Computer {
        os: std::env::consts::OS.to_owned(),
        architecture: std::env::consts::ARCH.to_owned(),
        ..Computer::default()
    };
    if cfg!(target_os = "macos") { macos(computer) } else { linux(computer, root) }
}

fn linux(computer: Computer, root: &Path) -> Computer {
    let line = |path: &str| text(root, path).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let release = text(root, "etc/os-release").or_else(|| text(root, "usr/lib/os-release"));
    let (gpus, gpu_driver) = gpu::find(root);
    Computer {
        distribution: release.as_deref().and_then(pretty_name),
        kernel: line("proc/sys/kernel/osrelease"),
        cpu: text(root, "proc/cpuinfo").as_deref().and_then(model),
        cpus: text(root, "proc/self/status").as_deref().and_then(allowed).unwrap_or_else(parallelism),
        memory: text(root, "proc/meminfo").as_deref().and_then(total),
        hostname: line("proc/sys/kernel/hostname"),
        gpus,
        gpu_driver,
        ..computer
    }
}

fn macos(computer: Computer) -> Computer {
    let said = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments);
        let ended = child::run(command, Vec::new(), Instant::now() + Duration::from_secs(2)).ok()?;
        let line = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        (ended.status.success() && !line.is_empty()).then_some(line)
    };
    Computer {
        distribution: said("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}")),
        kernel: said("sysctl", &["-n", "kern.osrelease"]),
        cpu: said("sysctl", &["-n", "machdep.cpu.brand_string"]),
        cpus: parallelism(),
        memory: said("sysctl", &["-n", "hw.memsize"]).and_then(|bytes| bytes.parse().ok()),
        hostname: said("sysctl", &["-n", "kern.hostname"]),
        ..computer
    }
}

pub(super) fn text(root: &Path, path: &str) -> Option<String> {
    fs::read(root.join(path)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn parallelism() -> u32 {
    thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

/// `PRETTY_NAME="…"` of os-release(5).
fn pretty_name(release: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// Named by `model name` on x86, by `Model` or `cpu model` on some others; on arm64 only by numbers.
fn model(cpuinfo: &str) -> Option<String> {
    let field = |wanted: &str| {
        let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim().to_owned())
    };
    let named = ["model name", "Model", "cpu model", "cpu"].into_iter().find_map(field);
    named.or_else(|| Some(format!("implementer {} part {}", field("CPU implementer")?, field("CPU part")?)))
}

/// `Cpus_allowed_list: 0-3,8`.
fn allowed(status: &str) -> Option<u32> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    list.trim().split(',').try_fold(0_u32, |count, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

/// `MemTotal:       16384 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let value = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_described_from_its_files() {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in [
            ("etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
            ("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"),
            ("proc/sys/kernel/hostname", "gpu-7\n"),
            ("proc/cpuinfo", "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC 7742\n"),
            ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-3,8,10-11\n"),
            ("proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\n"),
        ] {
            fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            fs::write(root.path().join(path), content).unwrap();
        }
        let computer = linux(Computer::default(), root.path());
        assert_eq!(
            computer,
            Computer {
                distribution: Some("Debian GNU/Linux 12 (bookworm)".to_owned()),
                kernel: Some("6.1.0-18-amd64".to_owned()),
                cpu: Some("AMD EPYC 7742".to_owned()),
                cpus: 7,
                memory: Some(16384 * 1024),
                hostname: Some("gpu-7".to_owned()),
                ..Computer::default()
            }
        );
    }

    #[test]
    fn a_machine_without_these_files_has_processors_at_least() {
        let root = tempfile::tempdir().unwrap();
        let computer = linux(Computer::default(), root.path());
        assert!(computer.cpus >= 1);
        assert_eq!((computer.cpu, computer.memory, computer.kernel), (None, None, None));
        assert_eq!(allowed("Cpus_allowed_list: 3-1\n"), None);
        assert_eq!(model("CPU implementer : 0x41\nCPU part : 0xd0c\n").as_deref(), Some("implementer 0x41 part 0xd0c"));
        // Whichever system this is built for, the other one compiles and fails softly.
        assert!(macos(Computer::default()).cpus >= 1);
    }
}
