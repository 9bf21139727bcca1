//! Firmware with everything of this crate links without std, without an allocator and without a reachable panic; and
//! the link that says so fails when it should. What is linked is in `proofs/links`.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

use std::path::Path;
use std::process::Command;

const PROOFS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proofs");

const SUITES: &str = "hmac-sha256,hmac-sm3";

/// Builds `proofs/links` with these features: whether it links, and what compiler and linker say.
fn link(features: &str) -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--offline", "--package", "links"])
        .args(["--no-default-features", "--features", features])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("proofs"))
        .current_dir(PROOFS)
        // What is proved is what the profile of that workspace makes, whatever this test itself was built with.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The same with all suites and one thing that must not be there.
fn control(feature: &str) -> (bool, String) {
    link(&format!("{SUITES},{feature}"))
}

#[test]
fn every_message_type_and_suite_links_without_std_without_an_allocator_and_without_a_panic() {
    for suites in ["", "hmac-sha256", "hmac-sm3", SUITES] {
        let (linked, messages) = link(suites);
        assert!(linked, "suites {suites:?}: {messages}");
    }
}

#[test]
fn a_panic_that_is_reachable_does_not_link() {
    let (linked, messages) = control("control-panic");
    let undefined = |line: &str| line.contains("undefined") && line.contains("a_panic_is_reachable");
    assert!(!linked && messages.lines().any(undefined), "{messages}");
}

#[test]
fn std_in_a_dependency_does_not_build() {
    let (linked, messages) = control("control-std");
    assert!(!linked && messages.contains("found duplicate lang item `panic_impl`"), "{messages}");
}

#[test]
fn an_allocation_in_a_dependency_does_not_build() {
    let (linked, messages) = control("control-alloc");
    assert!(!linked && messages.contains("no global memory allocator found"), "{messages}");
}

#[test]
fn a_message_type_without_an_entry_does_not_build() {
    let (linked, messages) = control("control-missing-entry");
    assert!(!linked && messages.contains("a message type has no entry"), "{messages}");
}

/// Else the proofs are about other code than the gateway and the devices run.
#[test]
fn what_is_linked_has_the_dependencies_of_the_workspace() {
    let packages = |lock: &str| -> Vec<String> {
        let packages = std::fs::read_to_string(Path::new(PROOFS).join(lock)).unwrap();
        packages
            .split("[[package]]")
            .filter(|package| package.contains("checksum"))
            .map(without_edges)
            .collect()
    };
    let of_the_workspace = packages("../../Cargo.lock");
    let linked = packages("Cargo.lock");
    assert!(linked.iter().any(|package| package.contains("\"postcard\"")));
    for package in linked {
        assert!(
            of_the_workspace.contains(&package),
            "not in the workspace's Cargo.lock: {package}\ncopy that file to {PROOFS} and run cargo check there"
        );
    }
}

/// A package of a lock file without its dependencies, which stand as packages of their own.
fn without_edges(package: &str) -> String {
    package.split("dependencies = [").next().unwrap().trim_end().to_owned()
}
