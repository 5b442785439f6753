//! Whether the command would run in the same surroundings.

use std::collections::BTreeMap;

use super::{Evidence, Finding, Observed, Verdict, finding::listed};
use crate::{Computer, Dimension, Environment, Package, Python, Record};

const ENVIRONMENT: Dimension = Dimension::Environment;

/// Interpreter, packages, variables and machine, then and now.
pub(super) fn environment(record: &Record, now: &Observed) -> Finding {
    let gap = record.gaps.iter().find(|gap| gap.dimension == ENVIRONMENT && !gap.aside);
    if let Some(gap) = gap.filter(|_| record.environment.python.is_none() && record.environment.locks.is_empty()) {
        return Finding::new(ENVIRONMENT, Verdict::Missing, format!("{}: {}", gap.what, gap.why));
    }
    let Some(found) = &now.environment else {
        return Finding::new(ENVIRONMENT, Verdict::Missing, "there is nothing here to compare the environment with")
            .advise("audit on the machine and in the directory where it would be repeated");
    };
    let then = &record.environment;
    let mut evidence = Vec::new();
    match (&then.python, &found.python) {
        (Some(then), Some(now)) => interpreters(then, now, &mut evidence),
        (Some(then), None) => {
            evidence.push(Evidence::new("python", Some(&then.version), None, Verdict::Missing));
        }
        _ => {}
    }
    locks(then, found, &mut evidence);
    variables(then, found, &mut evidence);
    computers(&then.computer, &found.computer, &mut evidence);
    let image = |environment: &Environment| environment.image.as_ref().and_then(|image| image.digest.clone());
    different("image", image(then).as_deref(), image(found).as_deref(), Verdict::Equivalent, &mut evidence);
    told(then, evidence)
}

fn told(then: &Environment, evidence: Vec<Evidence>) -> Finding {
    let worst = evidence.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Identical);
    let named = evidence.iter().filter(|one| one.verdict == worst && worst != Verdict::Identical);
    let names = listed(named.map(|one| one.what.as_str()).collect::<Vec<_>>());
    let finding = Finding::of(ENVIRONMENT, evidence, |worst| match worst {
        Verdict::Identical => "interpreter, packages, variables and machine are the same".to_owned(),
        Verdict::Equivalent => format!("differs in what should not matter: {names}"),
        Verdict::Drifted => format!("differs in {names}"),
        Verdict::Missing => format!("not here: {names}"),
    });
    if finding.verdict.passes() {
        return finding;
    }
    match then.locks.first() {
        Some(lock) => finding.advise(format!("install what {} pins into an environment of its own", lock.path)),
        None => finding.advise(
            "`trackside reproduce` can make an environment with the recorded versions; a lock file would pin them",
        ),
    }
}

fn interpreters(then: &Python, now: &Python, evidence: &mut Vec<Evidence>) {
    let minor = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let verdict = match then.version == now.version && then.implementation == now.implementation {
        true => Verdict::Identical,
        false if then.implementation == now.implementation && minor(&then.version) == minor(&now.version) => {
            Verdict::Equivalent
        }
        false => Verdict::Drifted,
    };
    evidence.push(Evidence::new("python", Some(&then.version), Some(&now.version), verdict));
    let by_name = |python: &Python| -> BTreeMap<String, Package> {
        python.packages.iter().map(|package| (package.name.clone(), package.clone())).collect()
    };
    let (old, new) = (by_name(then), by_name(now));
    let mut same = 0;
    for (name, package) in &old {
        match new.get(name) {
            None => evidence.push(Evidence::new(name, Some(&shown(package)), None, Verdict::Drifted)),
            Some(other) if package.editable.is_some() || other.editable.is_some() => {
                // Its sources are of the code, or of another repository that nothing pins.
                evidence.push(Evidence::new(name, Some(&shown(package)), Some(&shown(other)), Verdict::Equivalent));
            }
            Some(other) if shown(package) == shown(other) => same += 1,
            Some(other) => {
                evidence.push(Evidence::new(name, Some(&shown(package)), Some(&shown(other)), Verdict::Drifted));
            }
        }
    }
    for (name, package) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        evidence.push(Evidence::new(name, None, Some(&shown(package)), Verdict::Equivalent));
    }
    if same > 0 {
        let same = format!("{same} packages");
        evidence.push(Evidence::new("packages", Some(&same), Some(&same), Verdict::Identical));
    }
}

fn shown(package: &Package) -> String {
    match &package.vcs {
        Some(vcs) => format!("{} of {}", package.version, vcs.commit),
        None => package.version.clone(),
    }
}

/// Without an interpreter a lock file is all there is to tell packages by; with one it says what was meant.
fn locks(then: &Environment, now: &Environment, evidence: &mut Vec<Evidence>) {
    let verdict = if then.python.is_some() { Verdict::Equivalent } else { Verdict::Drifted };
    for lock in &then.locks {
        let found = now.locks.iter().find(|other| other.path == lock.path);
        different(&lock.path, Some(&lock.sha256), found.map(|found| found.sha256.as_str()), verdict, evidence);
    }
}

fn variables(then: &Environment, now: &Environment, evidence: &mut Vec<Evidence>) {
    let names = then.variables.keys().chain(now.variables.keys().filter(|name| !then.variables.contains_key(*name)));
    for name in names {
        let (then, now) = (then.variables.get(name), now.variables.get(name));
        different(name, then.map(String::as_str), now.map(String::as_str), Verdict::Drifted, evidence);
    }
}

fn computers(then: &Computer, now: &Computer, evidence: &mut Vec<Evidence>) {
    different("os", Some(&then.os), Some(&now.os), Verdict::Drifted, evidence);
    different("architecture", Some(&then.architecture), Some(&now.architecture), Verdict::Drifted, evidence);
    let gpus = |computer: &Computer| {
        let names: Vec<&str> = computer.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let harmless = [
        ("gpus", gpus(then), gpus(now)),
        ("gpu driver", then.gpu_driver.clone(), now.gpu_driver.clone()),
        ("cpu", then.cpu.clone(), now.cpu.clone()),
        ("distribution", then.distribution.clone(), now.distribution.clone()),
        ("kernel", then.kernel.clone(), now.kernel.clone()),
    ];
    for (what, then, now) in harmless {
        different(what, then.as_deref(), now.as_deref(), Verdict::Equivalent, evidence);
    }
}

fn different(what: &str, then: Option<&str>, now: Option<&str>, verdict: Verdict, evidence: &mut Vec<Evidence>) {
    if then.is_some() || now.is_some() {
        let verdict = if then == now { Verdict::Identical } else { verdict };
        evidence.push(Evidence::new(what, then, now, verdict));
    }
}
