//! The table of docs/mqtt.md says what is offered; each row that says yes names tests, and they exist.

use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../../docs/mqtt.md");

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// The names in backticks of a cell that could be those of tests.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    let between = cell.split('`').skip(1).step_by(2);
    between.filter(|name| name.matches('_').count() >= 3)
}

#[test]
fn each_section_that_is_offered_names_tests_that_exist() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    for folder in ["gateway/src", "tests/tests"] {
        sources(&root.join(folder), &mut text);
    }
    let rows: Vec<Vec<&str>> = TABLE
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| section"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 45, "{}", rows.len());
    for row in rows {
        let [section, what, offered, tests] = row[..] else { panic!("four cells: {row:?}") };
        let named: Vec<&str> = names(tests).collect();
        assert!(!named.is_empty() || offered.starts_with("not offered"), "{section} {what}");
        for name in named {
            assert!(text.contains(&format!("fn {name}(")), "{section}: there is no test {name}");
        }
    }
}
