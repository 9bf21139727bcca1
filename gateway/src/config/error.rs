//! What is wrong with a configuration: everything at once, each with its place.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The configuration can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file can't be read: name another one, or correct its rights.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was read, and some of it was refused: correct every line of the message.
    #[error("{}", lines(problems))]
    Refused {
        /// All that was found, in the order of the file, then of the variables. Never empty.
        problems: Vec<Problem>,
    },
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A place in the file.
    File {
        /// The file's name as it was given.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// An environment variable of this name.
    Variable(String),
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The file is not TOML.
    Syntax(String),
    /// A key, section or variable that means nothing.
    Unknown {
        /// Its full name, such as `uplink.ulr`.
        name: String,
        /// The known name that is nearest.
        nearest: String,
    },
    /// A value that its key does not take.
    BadValue {
        /// The key's full name, such as `uplink.url`.
        key: String,
        /// What it takes.
        expected: String,
        /// What stood there.
        found: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File { file, line, column } => write!(f, "{file}:{line}:{column}: ")?,
            Place::Variable(name) => write!(f, "{name}: ")?,
        }
        match &self.fault {
            Fault::Syntax(message) => write!(f, "not TOML: {message}"),
            Fault::Unknown { name, nearest } => {
                write!(f, "unknown {name}; the nearest known name is {nearest}")
            }
            Fault::BadValue { key, expected, found } => {
                write!(f, "{key}: expected {expected}; found {found}")
            }
        }
    }
}
