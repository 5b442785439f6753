//! From `--backend-store-uri` to a database file.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};

/// The file of the database that the flags name.
pub(crate) fn database(uri: Option<&str>, data_dir: &Path) -> anyhow::Result<PathBuf> {
    let Some(uri) = uri else { return Ok(data_dir.join("trackside.db")) };
    let Some((scheme, rest)) = uri.split_once("://") else {
        bail!(
            "--backend-store-uri {uri}: expected sqlite:///PATH. MLflow's file stores (mlruns) cannot be served; \
             start with another database"
        );
    };
    // SQLAlchemy's spelling: three slashes for a relative path, four for an absolute one.
    match scheme {
        "sqlite" => {
            let path = rest.strip_prefix('/').unwrap_or_default();
            let path = path.split('?').next().unwrap_or_default();
            ensure!(
                !path.is_empty() && path != ":memory:",
                "--backend-store-uri {uri}: no file is named; expected sqlite:///PATH, e.g. sqlite:///trackside.db"
            );
            Ok(PathBuf::from(path))
        }
        "postgresql" | "postgres" | "postgresql+psycopg2" => {
            bail!("--backend-store-uri: PostgreSQL is not supported by this version; use sqlite:///PATH")
        }
        other => bail!("--backend-store-uri: {other} databases are not supported; use sqlite:///PATH"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_uris_name_files_as_sqlalchemy_does() {
        let path = |uri: &str| database(Some(uri), Path::new("data")).map(|path| path.display().to_string());
        assert_eq!(path("sqlite:///mlflow.db").unwrap(), "mlflow.db");
        assert_eq!(path("sqlite:////srv/mlflow.db?timeout=5").unwrap(), "/srv/mlflow.db");
        assert_eq!(database(None, Path::new("data")).unwrap(), Path::new("data/trackside.db"));
        for bad in ["sqlite://", "sqlite:///", "sqlite:///:memory:", "./mlruns", "mysql://h/d", "postgresql://h/d"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_of_other_databases_are_not_repeated() {
        let error = database(Some("postgresql://me:secret@host/db"), Path::new("data")).unwrap_err();
        assert!(!format!("{error:#}").contains("secret"));
    }
}
