//! The domain reads no clock, draws no chance and does no input or output: a test reads its sources.

use std::fs;
use std::path::{Path, PathBuf};

/// What a pure module has no business with.
const FOREIGN: [&str; 15] = [
    "tokio",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "RandomState",
    "fastrand",
    "rand::",
    "rusqlite",
    "tracing",
];
/// The layers above the domain.
const ABOVE: [&str; 5] = ["crate::store", "crate::mqtt", "crate::uplink", "crate::http", "crate::app"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the domain's folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The first word in a source that a pure module has no business with, and its line.
fn impurity(source: &str) -> Option<(usize, &'static str)> {
    let code = source.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let mut words = code.flat_map(|(index, line)| {
        FOREIGN
            .iter()
            .chain(&ABOVE)
            .filter(move |word| line.contains(**word))
            .map(move |word| (index + 1, *word))
    });
    words.next()
}

#[test]
fn the_domain_imports_neither_time_nor_chance_nor_the_outside_nor_a_layer_above_it() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain"), &mut files);
    assert!(files.len() >= 10, "the domain was found: {files:?}");
    for file in files {
        let source = fs::read_to_string(&file).expect("a source file");
        assert_eq!(impurity(&source), None, "{}", file.display());
    }
}

#[test]
fn the_search_itself_finds_an_import_and_passes_over_comments() {
    assert_eq!(impurity("use std::time::Duration;\nuse std::time::{Instant};\n"), Some((2, "Instant")));
    assert_eq!(impurity("// not std::fs\n"), None);
}
