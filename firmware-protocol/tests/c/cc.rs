//! Compiles C and talks with it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What every firmware project may switch on; the sources are free of each of these warnings.
pub(crate) const WARNINGS: [&str; 8] = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    "-Wconversion",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
];

/// An access or a computation that C does not define ends the program.
pub(crate) const SANITIZERS: [&str; 4] =
    ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// The folder of this crate.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The C files in a folder of this crate, in order.
pub(crate) fn c_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "c")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Where the C of these tests is built, one folder each.
pub(crate) fn build_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The system's C compiler with these arguments; a failure is the test's.
pub(crate) fn compile(configure: impl FnOnce(&mut Command)) {
    let mut command = Command::new("cc");
    configure(&mut command);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Starts a program of C with `input` and waits for its end.
pub(crate) fn run(program: &Path, input: &str) -> Output {
    let mut child = Command::new(program)
        .env("ASAN_OPTIONS", "detect_leaks=0") // looking for leaks needs ptrace, which a container may not have
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // From a thread: the program may answer before it has read everything. It may also end before, which its status tells.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// What a program of C that has nothing to complain about writes.
pub(crate) fn output_of(program: &Path, input: &str) -> String {
    let output = run(program, input);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
