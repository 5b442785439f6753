//! PostgreSQL for a server that wants one: a cluster of its own, with its socket beside its files and no port.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::choice::executable;

/// The user of Debian's package. PostgreSQL refuses to be run by root.
const USER: &str = "postgres";
/// Below the data of the server.
const FOLDER: &str = "postgres";
/// `$0` is the folder, `$1` whom to run it as, `$2` the executable; the rest is the server. It replaces the shell, so
/// that PostgreSQL is its child and ends with it.
const SCRIPT: &str = r#"
    folder=$0 as=$1 postgres=$2
    shift 2
    $as "$postgres" -D "$folder/cluster" -k "$folder" -c listen_addresses= &
    until [ -S "$folder/.s.PGSQL.5432" ]; do sleep 0.02; done
    exec "$@"
"#;

/// Its programs.
#[derive(Debug)]
pub(super) struct Postgres {
    initdb: PathBuf,
    server: PathBuf,
    is_root: bool,
}

impl Postgres {
    /// In the directory of programs.
    pub(super) fn find(programs: &Path) -> anyhow::Result<Self> {
        let is_root = fs::metadata("/proc/self").context("cannot tell who runs this program")?.uid() == 0;
        let program = |name| executable(&programs.join(name));
        Ok(Self { initdb: program("initdb")?, server: program("postgres")?, is_root })
    }

    /// Makes a cluster below the data of a server.
    pub(super) fn prepare(&self, data: &Path) -> anyhow::Result<()> {
        let folder = data.join(FOLDER);
        fs::create_dir(&folder)?;
        if self.is_root {
            // Temporary directories are closed to others.
            fs::set_permissions(data, Permissions::from_mode(0o711))?;
            ensure!(Command::new("chown").arg(USER).arg(&folder).status()?.success(), "there is no user {USER}");
        }
        let mut initdb = self.run_as_user(&self.initdb);
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--username", USER, "-D"]);
        initdb.arg(folder.join("cluster")).current_dir(&folder).stdin(Stdio::null());
        let output = initdb.output().context("cannot start initdb")?;
        ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Starts PostgreSQL, waits until it listens, and becomes `server`.
    pub(super) fn before(&self, server: &Command, data: &Path) -> Command {
        let user = if self.is_root { as_user().join(" ") } else { String::new() };
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]).arg(data.join(FOLDER)).arg(user).arg(&self.server);
        command.arg(server.get_program()).args(server.get_args());
        command.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// For `SQLAlchemy`, by psycopg2.
    pub(super) fn uri(data: &Path) -> String {
        format!("postgresql+psycopg2://{USER}@/postgres?host={}", data.join(FOLDER).display())
    }

    fn run_as_user(&self, program: &Path) -> Command {
        if !self.is_root {
            return Command::new(program);
        }
        let [setpriv, args @ ..] = as_user();
        let mut command = Command::new(setpriv);
        command.args(args).arg(program);
        command
    }
}

/// `setpriv` of util-linux.
fn as_user() -> [&'static str; 4] {
    ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn the_server_follows_as_it_was_meant_to_run_once_there_is_a_socket() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        let socket = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let postgres = Postgres { initdb: PathBuf::new(), server: "/bin/true".into(), is_root: false };
        let mut server = Command::new("sh");
        server.args(["-c", r#"echo "$0" "$POOL""#, "a b"]).env("POOL", "64");
        let output = postgres.before(&server, data.path()).output().unwrap();
        drop(socket);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b 64\n");
    }
}
