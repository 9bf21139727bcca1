//! The codec in C says and understands what the reference does, byte for byte, and does nothing that C leaves undefined.
//!
//! The programs in `c/test` are compiled with the address and the undefined behaviour sanitizer. They are asked on
//! standard input, a line each, and answer in JSON; any complaint of a sanitizer ends them and fails the test.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod answers;
mod bodies;
mod builds;
mod cc;
mod code;
mod constants;
mod evolution;
mod headers;
mod library;
mod refusals;
mod serial;
mod values;

use std::path::PathBuf;
use std::sync::OnceLock;

use cc::{SANITIZERS, WARNINGS, build_folder, c_files, compile, output_of, root};
use serde_json::Value;

/// The program of c/test, with the sanitizers.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| sanitized("codec", &c_files("c/src")))
}

/// The program of c/test with these sources of the codec.
fn sanitized(name: &str, sources: &[PathBuf]) -> PathBuf {
    let program = build_folder(name).join(name);
    compile(|cc| {
        cc.args(WARNINGS).args(SANITIZERS).arg("-I").arg(root().join("c/include")).arg("-I");
        cc.arg(root().join("c/src")).args(sources).args(c_files("c/test")).arg("-o").arg(&program);
    });
    program
}

/// The answers of the C program to these lines.
fn ask(lines: &[String]) -> Vec<Value> {
    let output = output_of(program(), &(lines.join("\n") + "\n"));
    let answers: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}
