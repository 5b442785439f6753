//! The container image, which is not to be seen from inside: whoever starts the container has to say.
//!
//! A digest says what is in an image, a tag does not. That there is a container is told by marks that the engines
//! leave: `/.dockerenv`, `/run/.containerenv` (podman), control groups, variables of Kubernetes.

use trackside_evidence::{Dimension, Gap, Image, hide_in};

use super::{capture::Request, computer::text};

const DIGESTS: [&str; 4] = ["TRACKSIDE_IMAGE_DIGEST", "CONTAINER_IMAGE_DIGEST", "IMAGE_DIGEST", "IMAGE_ID"];
const NAMES: [&str; 7] = [
    "TRACKSIDE_IMAGE",
    "CONTAINER_IMAGE",
    "IMAGE_NAME",
    "WANDB_DOCKER",
    "CI_JOB_IMAGE",
    "APPTAINER_CONTAINER",
    "SINGULARITY_CONTAINER",
];
const REMEDY: &str = "start the container with -e TRACKSIDE_IMAGE_DIGEST=sha256:<digest> (docker inspect --format \
                      '{{index .RepoDigests 0}}' <image>)";

/// The image as told; `None` where nothing says that there is one.
pub(super) fn find(request: &Request<'_>, gaps: &mut Vec<Gap>) -> Option<Image> {
    let mut gap =
        |why: String| gaps.push(Gap::new(Dimension::Environment, "container image", why).closed_by(REMEDY).aside());
    let told = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, request.variable(name)?.to_owned())));
    let name = told(&NAMES).or_else(|| Some(("/run/.containerenv", podman(request)?)));
    let mut image = name.as_ref().map(|(source, name)| Image {
        name: Some(hide_in(name)),
        digest: digest(name),
        source: (*source).to_owned(),
    });
    if let Some((source, value)) = told(&DIGESTS) {
        let Some(digest) = digest(&value) else {
            gap(format!("{source} is no digest of the form sha256:<64 hexadecimal digits>"));
            return image;
        };
        let name = image.and_then(|image| image.name);
        image = Some(Image { name, digest: Some(digest), source: source.to_owned() });
    }
    match &image {
        Some(Image { digest: None, source, .. }) => {
            gap(format!("{source} names an image without its digest, and a name says nothing of what is in it"));
        }
        Some(_) => {}
        None => {
            if let Some(mark) = mark(request) {
                gap(format!("{mark} says that this is a container, and nothing says of which image"));
            }
        }
    }
    image
}

/// The digest in `sha256:…`, `repository@sha256:…` or `docker-pullable://repository@sha256:…`.
fn digest(text: &str) -> Option<String> {
    let hex = text.trim().rsplit_once("sha256:")?.1;
    let whole = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| format!("sha256:{}", hex.to_ascii_lowercase()))
}

/// Podman may name the image in a file. Its `imageid` is no digest that a registry knows.
fn podman(request: &Request<'_>) -> Option<String> {
    let file = text(request.root, "run/.containerenv")?;
    let image = file.lines().find_map(|line| line.strip_prefix("image="))?.trim_matches('"');
    (!image.is_empty()).then(|| image.to_owned())
}

fn mark(request: &Request<'_>) -> Option<&'static str> {
    let there = |path: &str| request.root.join(path).exists();
    let group = text(request.root, "proc/self/cgroup").unwrap_or_default();
    let engines = ["docker", "kubepods", "containerd", "libpod", "crio-", "/lxc/"];
    if there(".dockerenv") {
        Some("/.dockerenv")
    } else if there("run/.containerenv") {
        Some("/run/.containerenv")
    } else if request.variable("KUBERNETES_SERVICE_HOST").is_some() {
        Some("KUBERNETES_SERVICE_HOST")
    } else if engines.iter().any(|engine| group.contains(engine)) {
        Some("/proc/self/cgroup")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, path::Path};

    use super::*;

    type Told = (Option<String>, Option<String>, String);

    fn image(marks: &[(&str, &str)], variables: &[(&str, &str)]) -> (Option<Told>, Vec<String>) {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in marks {
            fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            fs::write(root.path().join(path), content).unwrap();
        }
        let variables: BTreeMap<_, _> = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let directory = Path::new("/");
        let request = Request { directory, command: &[], variables: &variables, also: &[], root: root.path() };
        let mut gaps = Vec::new();
        let image = find(&request, &mut gaps).map(|image| (image.name, image.digest, image.source));
        (image, gaps.into_iter().map(|gap| gap.why).collect())
    }

    #[test]
    fn a_digest_is_identity_and_a_name_is_not() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let told = |name: Option<&str>, digest: Option<&str>, source: &str| {
            Some((name.map(str::to_owned), digest.map(str::to_owned), source.to_owned()))
        };
        let known = Some(digest.as_str());
        assert_eq!(image(&[], &[]), (None, vec![]));
        assert_eq!(image(&[("proc/self/cgroup", "0::/\n")], &[]), (None, vec![]));
        let given =
            image(&[(".dockerenv", "")], &[("TRACKSIDE_IMAGE_DIGEST", &digest), ("TRACKSIDE_IMAGE", "host/a:1")]);
        assert_eq!(given, (told(Some("host/a:1"), known, "TRACKSIDE_IMAGE_DIGEST"), vec![]));
        let pinned = format!("docker-pullable://host/a@{digest}");
        let (found, gaps) = image(&[], &[("CONTAINER_IMAGE", &pinned)]);
        assert_eq!((found, gaps), (told(Some(&pinned), known, "CONTAINER_IMAGE"), vec![]));
        for (marks, variables, why) in [
            (&[(".dockerenv", "")][..], &[][..], "/.dockerenv says"),
            (&[("proc/self/cgroup", "1:x:/kubepods/pod1\n")], &[], "/proc/self/cgroup says"),
            (&[], &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], "KUBERNETES_SERVICE_HOST says"),
            (
                &[("run/.containerenv", "engine=\"podman\"\nimage=\"host/b:2\"\n")],
                &[],
                "names an image without its digest",
            ),
            (&[], &[("TRACKSIDE_IMAGE_DIGEST", "sha256:12")], "is no digest of the form"),
        ] {
            let (found, gaps) = image(marks, variables);
            assert!(gaps.len() == 1 && gaps[0].contains(why), "{gaps:?}");
            assert!(found.is_none_or(|(_, digest, _)| digest.is_none()));
        }
    }
}
