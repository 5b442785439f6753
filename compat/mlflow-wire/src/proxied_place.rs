//! Where artifacts lie in the store that a server itself is: the URIs of scheme `mlflow-artifacts`.

/// The path of this URI below the store of the server at `base`; `None` when it lies elsewhere.
pub fn proxied_place<'a>(uri: &'a str, base: &str) -> Option<&'a str> {
    let path = uri.strip_prefix("mlflow-artifacts:")?;
    let place = match path.strip_prefix("//") {
        // With a host, it is that server's store.
        Some(rest) => {
            let (host, place) = rest.split_once('/')?;
            let own = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next();
            (host.is_empty() || Some(host) == own).then_some(place)?
        }
        None => path.trim_start_matches('/'),
    };
    (!place.is_empty()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_stores_has_a_place() {
        let place = |uri| proxied_place(uri, "https://tracker:5000/prefix");
        for uri in ["mlflow-artifacts:/1/r/artifacts", "mlflow-artifacts:///1/r/artifacts"] {
            assert_eq!(place(uri), Some("1/r/artifacts"), "{uri}");
        }
        assert_eq!(place("mlflow-artifacts://tracker:5000/1/r/artifacts"), Some("1/r/artifacts"));
        for elsewhere in
            ["mlflow-artifacts://other/1/r", "s3://bucket/1/r/artifacts", "/mlruns/1/r", "mlflow-artifacts:/"]
        {
            assert_eq!(place(elsewhere), None, "{elsewhere}");
        }
    }
}
