//! `patrol-gateway rules`: an operator sees the rules in effect, and tests a change before it counts.

use std::path::Path;
use std::time::Duration;

use patrol_tests::{Ended, World, program, run_to_end};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);
/// The example city's files.
const CITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/city");

async fn rules(args: &[&str]) -> Ended {
    let args = std::iter::once("rules").chain(args.iter().copied());
    run_to_end(program("patrol-gateway"), args, SOON).await
}

fn city(file: &str) -> String {
    Path::new(CITY).join(file).display().to_string()
}

#[tokio::test]
async fn the_example_rules_hold_and_a_change_shows_which_examples_it_breaks() {
    let world = World::new();
    let (examples, stalls) = (city("rules-examples.toml"), city("stalls.csv"));
    let tested = rules(&["test", &examples, "--stalls", &stalls]).await;
    assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""), "{}", tested.stdout);

    let text = std::fs::read_to_string(city("rules.toml")).expect("the example rules");
    assert!(text.contains("limit = \"2H\""));
    let changed = world.file("changed.toml", text.replace("limit = \"2H\"", "limit = \"3H\""));
    let changed = changed.display().to_string();
    let tested = rules(&["test", &examples, "--stalls", &stalls, "--rules", &changed, "--json"]).await;
    assert_eq!(tested.code, Some(1), "{tested:?}");
    let found: Value = serde_json::from_str(&tested.stdout).expect("JSON");
    let failures = found["failures"].as_array().expect("a list");
    let of = |what: &str| failures.iter().filter(|failure| failure["what"] == what).count();
    assert_eq!((failures.len(), of("limit"), of("due")), (2, 1, 1), "{found:#}");
    assert_eq!(failures[0]["expected"], "2H", "{found:#}");
    assert_eq!(failures[0]["got"], "3H", "{found:#}");
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_told_with_its_line_and_ends_with_2() {
    let world = World::new();
    let bad = world.file("bad.toml", "[calendar]\nworking_day = \"1-5\"\n").display().to_string();
    let told = rules(&["show", "--rules", &bad]).await;
    assert_eq!(told.code, Some(2), "{told:?}");
    let place = format!("{bad}:2:1: unknown calendar.working_day; the nearest known name is working_days");
    assert!(told.stderr.contains(&place), "{}", told.stderr);
    let told = rules(&["test", &bad]).await;
    assert!(told.code == Some(2) && told.stderr.contains("unknown examples.calendar"), "{told:?}");
    let told = rules(&["test", "/nowhere/examples.toml"]).await;
    assert!(told.code == Some(2) && told.stderr.contains("/nowhere/examples.toml"), "{told:?}");
}

#[tokio::test]
async fn rules_are_shown_and_described() {
    let shown = rules(&["show"]).await;
    assert!(shown.code == Some(0) && shown.stdout.contains("rules@"), "{shown:?}");
    let schema = rules(&["schema"]).await;
    let schema: Value = serde_json::from_str(&schema.stdout).expect("JSON");
    assert_eq!(schema["properties"].as_object().map(|sections| sections.len()), Some(9));
}
