//! `patrol-gateway rules test`: every example against what is expected of it.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::outcome::{self, City};
use super::refuse;
use crate::city;
use crate::cli::{Exit, print};
use crate::config::Geography;
use crate::config::rules_file::examples::{self, EXPECT, Example};

/// A table is read up to here.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What became of all examples.
#[derive(Debug, Serialize)]
struct Findings {
    rules: String,
    examples: usize,
    failures: Vec<Failure>,
    /// Expectations that no example has.
    uncovered: Vec<&'static str>,
}

/// An expectation that does not hold.
#[derive(Debug, Serialize)]
struct Failure {
    line: usize,
    example: String,
    what: String,
    expected: Value,
    got: Value,
}

/// Tests the examples of a file.
pub(super) fn run(geography: &Geography, file: &Path, json: bool) -> Exit {
    let city = match load(geography) {
        Ok(city) => city,
        Err(error) => return refuse(&error),
    };
    let examples = match read(file) {
        Ok(examples) => examples,
        Err(message) => {
            eprintln!("案例表有误 The table of examples was refused:\n{message}");
            return Exit::Usage;
        }
    };
    let findings = test(&examples, &city);
    let printed = match json {
        true => print(&format!("{}\n", serde_json::to_string_pretty(&findings).unwrap_or_default())),
        false => print(&text(&findings)),
    };
    if findings.failures.is_empty() { printed } else { Exit::Failure }
}

fn load(geography: &Geography) -> Result<City, city::CityError> {
    let stalls = geography.stalls.as_deref().map(city::stalls).transpose()?;
    let crate::domain::city::City { geography, rules, .. } = city::load(geography)?;
    Ok(City { geography, rules, stalls: stalls.unwrap_or_default() })
}

fn read(file: &Path) -> Result<Vec<Example>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let bytes = std::fs::metadata(file).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("{}: {bytes} bytes, at most {FILE_BYTES_MAX} are read", file.display()));
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    examples::read(&text, &file.display().to_string()).map_err(|error| error.to_string())
}

fn test(examples: &[Example], city: &City) -> Findings {
    let failures = examples.iter().flat_map(|example| failures(example, city)).collect();
    let covered = |name: &&str| examples.iter().any(|example| example.expect.contains_key(*name));
    Findings {
        rules: city.rules.version().to_owned(),
        examples: examples.len(),
        failures,
        uncovered: EXPECT.into_iter().filter(|name| !covered(name)).collect(),
    }
}

fn failures(example: &Example, city: &City) -> Vec<Failure> {
    let failure = |what: &str, expected: Value, got: Value| Failure {
        line: example.line,
        example: example.name.clone(),
        what: what.to_owned(),
        expected,
        got,
    };
    match outcome::of(example, city) {
        Err(message) => vec![failure("grid", Value::Null, message.into())],
        Ok(outcome) => {
            let expect = example.expect.iter().map(|(name, value)| (*name, outcome::normal(name, value)));
            let got = |name: &str| outcome.get(name).cloned().unwrap_or_default();
            let failed = expect.filter(|(name, expected)| got(name) != *expected);
            failed.map(|(name, expected)| failure(name, expected, got(name))).collect()
        }
    }
}

fn text(findings: &Findings) -> String {
    let mut text = String::new();
    for failure in &findings.failures {
        let Failure { line, example, what, expected, got } = failure;
        _ = writeln!(text, "失败 FAIL  行 line {line} {example}: {what}");
        _ = writeln!(text, "    应为 expected {expected}\n    实为 got      {got}");
    }
    if !findings.uncovered.is_empty() {
        _ = writeln!(text, "没有案例涉及 no example is about: {}", findings.uncovered.join(", "));
    }
    let failed = findings.failures.len();
    _ = writeln!(
        text,
        "{}: {} 个案例 examples, {failed} 处不符 expectations not met",
        findings.rules, findings.examples
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: &str = include_str!("../../../city/rules-examples.toml");

    fn city() -> City {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/city/stalls.csv");
        load(&Geography { stalls: Some(path.into()), ..Geography::default() }).unwrap()
    }

    #[test]
    fn the_built_in_examples_hold_and_cover_every_kind_of_expectation() {
        let findings = test(&examples::read(CITY, "rules-examples.toml").unwrap(), &city());
        assert!(findings.failures.is_empty(), "{}", text(&findings));
        assert_eq!(findings.uncovered, Vec::<&str>::new());
    }

    #[test]
    fn what_does_not_hold_is_told_with_what_was_expected_and_what_came() {
        let table = "[[example]]\nname = \"a\"\ncode = \"0501\"\nexpect = { owner = \"x\", urgent = false }\n\
                     [[example]]\ncode = \"0501\"\ngrid = \"000000000000000\"\nexpect = { urgent = false }\n";
        let findings = test(&examples::read(table, "e").unwrap(), &city());
        let text = text(&findings);
        for part in [
            "line 1 a: owner",
            "expected \"x\"",
            "got      \"德阳市城市运行管理服务中心\"",
            "there is no grid 000000000000000",
            "2 个案例 examples, 2 处不符",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
