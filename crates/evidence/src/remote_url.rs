//! Remotes of git as URLs, for formats that take nothing else.

/// `user@host:path` and `/path` as URLs; `None` for what has no such form, e.g. a relative path.
pub(crate) fn remote_url(remote: &str) -> Option<String> {
    if remote.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if remote.contains("://") {
        return Some(remote.to_owned());
    }
    if remote.starts_with('/') {
        return Some(format!("file://{remote}"));
    }
    let (host, path) = remote.split_once(':')?;
    (!host.is_empty() && !host.contains('/')).then(|| format!("ssh://{host}/{}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_of_git_are_urls() {
        for (remote, expected) in [
            ("https://host/repo.git", Some("https://host/repo.git")),
            ("git@host:team/repo.git", Some("ssh://git@host/team/repo.git")),
            ("/srv/git/repo", Some("file:///srv/git/repo")),
            ("../elsewhere", None),
            ("a b:c", None),
        ] {
            assert_eq!(remote_url(remote).as_deref(), expected, "{remote}");
        }
    }
}
