//! What the sources may not hold, because it would change the wire without anybody seeing it.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => {
                found.extend(sources(&format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap())))
            }
            false => found.push((path.clone(), fs::read_to_string(&path).unwrap())),
        }
    }
    assert!(!found.is_empty());
    found
}

/// The serde attributes in a source, without the derives.
fn serde_attributes(source: &str) -> Vec<&str> {
    source.split("serde(").skip(1).map(|rest| rest.split(']').next().unwrap_or_default().trim()).collect()
}

#[test]
fn no_serde_attribute_changes_the_wire() {
    for (path, source) in sources("src") {
        for attribute in serde_attributes(&source) {
            assert_eq!(attribute, "borrow)", "only #[serde(borrow)] is allowed: {}", path.display());
        }
    }
}

#[test]
fn refused_attributes_are_seen() {
    for refused in
        ["skip", "flatten", "tag = \"t\"", "untagged", "default", "with = \"m\"", "borrow, default"]
    {
        let found = format!("#[serde({refused})]\npub x: u8,");
        assert_ne!(serde_attributes(&found), ["borrow)"], "{refused}");
    }
    assert_eq!(serde_attributes("#[cfg_attr(all(), serde(default))]"), ["default))"]);
    assert_eq!(serde_attributes("#[serde(borrow)]\n#[derive(serde::Serialize)]"), ["borrow)"]);
}

#[test]
fn bodies_hold_only_types_whose_width_is_the_same_everywhere() {
    const REFUSED: [&str; 9] = ["f32", "f64", "usize", "isize", "char", "bool", "Option<", "&'a", "Map<"];
    for (path, source) in sources("src/body") {
        assert!(!source.contains("enum "), "an enum can't grow: {}", path.display());
        let fields =
            source.lines().map(str::trim).filter(|line| line.starts_with("pub ") && line.ends_with(','));
        for field in fields {
            assert!(!REFUSED.iter().any(|refused| field.contains(refused)), "{}: {field}", path.display());
        }
    }
}
