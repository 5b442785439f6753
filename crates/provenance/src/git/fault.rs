//! Why a repository could not be read or written.

use git2::{ErrorClass, ErrorCode};

use crate::child::ChildError;

/// Why a repository could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is none.
    #[error("in no repository")]
    NoRepository,
    /// libgit2 failed.
    #[error("{}", .0.message())]
    Library(#[from] git2::Error),
    /// libgit2 would give a wrong answer.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The program `git` failed, with what it said.
    #[error("{0}")]
    Program(String),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// Time was up.
    #[error("it took too long")]
    Late,
    /// What was asked for is no name of an object or run.
    #[error("{0}")]
    Invalid(String),
    /// Both ways failed.
    #[error("libgit2: {library}; git: {program}")]
    Both {
        /// Why libgit2 did.
        library: Box<Fault>,
        /// Why the program did.
        program: Box<Fault>,
    },
}

impl From<ChildError> for Fault {
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::Late(_) => Self::Late,
            other => Self::Program(other.to_string()),
        }
    }
}

impl Fault {
    pub(super) fn io(path: &std::path::Path, error: std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), error }
    }

    /// Both ways failed; one answer when they agree that there is no repository.
    pub(super) fn both(library: Self, program: Self) -> Self {
        match (&library, &program) {
            (Self::NoRepository, _) => library,
            _ => Self::Both { library: Box::new(library), program: Box::new(program) },
        }
    }

    /// What would help, e.g. a command.
    pub(super) fn remedy(&self, root: &std::path::Path) -> String {
        match self {
            Self::NoRepository => "git init && git add --all && git commit, or run the command in a clone".to_owned(),
            Self::Library(error) if error.code() == ErrorCode::Owner && error.class() == ErrorClass::Config => {
                safe_directory(root)
            }
            Self::Program(text) if text.contains("dubious ownership") => safe_directory(root),
            Self::Program(text) if text.contains("not installed") => "install git".to_owned(),
            Self::Late => "git update-index --refresh, or leave large directories to .gitignore".to_owned(),
            Self::Both { library, program } => {
                let first = library.remedy(root);
                if first.is_empty() { program.remedy(root) } else { first }
            }
            _ => String::new(),
        }
    }
}

fn safe_directory(root: &std::path::Path) -> String {
    format!("git config --global --add safe.directory '{}'", root.display())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn remedies_are_commands() {
        let safe = "git config --global --add safe.directory '/home/ada/a'";
        let owner = || Fault::Library(git2::Error::new(ErrorCode::Owner, ErrorClass::Config, "not owned"));
        let dubious = || Fault::Program("fatal: detected dubious ownership in repository at '/home/ada/a'".to_owned());
        let missing = || Fault::from(ChildError::Missing("git".to_owned()));
        for (fault, expected) in [
            (owner(), safe),
            (dubious(), safe),
            (Fault::both(owner(), missing()), safe),
            (Fault::both(Fault::Unsupported("filter"), missing()), "install git"),
            (Fault::both(Fault::Unsupported("filter"), dubious()), safe),
            (Fault::Invalid("x".to_owned()), ""),
        ] {
            assert_eq!(fault.remedy(Path::new("/home/ada/a")), expected, "{fault}");
        }
    }

    #[test]
    fn both_reasons_are_told() {
        let fault = Fault::both(Fault::Late, Fault::Program("fatal: x".to_owned()));
        assert_eq!(fault.to_string(), "libgit2: it took too long; git: fatal: x");
        assert!(matches!(Fault::both(Fault::NoRepository, Fault::Late), Fault::NoRepository));
    }
}
