//! The document of the platform's API says what the stand-in platform does: a tester that others wrote makes requests of it, good ones and
//! bad ones, and holds the answers against it. `tests/schemathesis/setup` fetches it once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use patrol_tests::{World, note, run_to_end};

const SETUP_WITHIN: Duration = Duration::from_secs(300);
const TESTED_WITHIN: Duration = Duration::from_secs(180);
/// Requests for each operation that are made up, beside those that the document asks for by itself.
const EXAMPLES_MAX: &str = "15";

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis").join(name)
}

#[tokio::test]
async fn the_stand_in_platform_answers_as_the_document_of_its_api_says() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let setup = run_to_end(here("setup"), [&folder], SETUP_WITHIN).await;
    assert_eq!(setup.code, Some(0), "{}{}", setup.stdout, setup.stderr);

    let world = World::new();
    let platform = world.platform().await;
    platform.set_token(Some("a-token"));
    platform.set_reads_columns(true);
    platform.set_stalls(Some(b"card\n"));
    let config = here("schemathesis.toml").display().to_string();
    let document = here("../../docs/platform-api/openapi.yaml").display().to_string();
    let (url, seed) = (platform.url(), fastrand::u32(..).to_string());
    note(&format!("schemathesis --seed {seed}"));
    let words = [
        "--config-file",
        &config,
        "run",
        &document,
        "--url",
        &url,
        "--header",
        "Authorization: Bearer a-token",
    ];
    let more = ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES_MAX, "--seed", &seed];
    let tested =
        run_to_end(folder.join("python/bin/schemathesis"), words.iter().chain(&more), TESTED_WITHIN).await;
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    assert!(platform.counts().delivered > 0, "it has really asked: {}", tested.stdout);
}
