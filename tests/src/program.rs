//! The programs under test: where they are, and how one that ends by itself is run.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Finds a program of this workspace, `patrol-gateway` or `patrol-simulator`, in the target directory of the running test.
///
/// # Panics
/// When it was not built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    // target/debug/deps/the_test-0123 -> target/debug
    let profile =
        test.parent().and_then(|deps| deps.parent()).expect("tests are built two levels below target");
    let path = profile.join(name);
    assert!(path.is_file(), "there is no {}: run `cargo build --workspace` first", path.display());
    path
}

/// What became of a program that ran to its end.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// Runs a program that is expected to end by itself within `within`; it is killed when it does not.
///
/// # Panics
/// When it can't be started or does not end.
pub async fn run_to_end(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    within: Duration,
) -> Ended {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(within, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{} did not end within {within:?}", program.display()));
    let output = output.unwrap_or_else(|error| panic!("{} did not start: {error}", program.display()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}
