//! Figures of the journal by the command line: `patrol-gateway indicators` and `patrol-gateway points`.

use std::path::Path;
use std::time::Duration;

use patrol_tests::{Ended, World, program, run_to_end};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// Asks the API at this address.
async fn ask(config: &Path, args: &[&str]) -> Ended {
    let all = [args, &["--config", config.to_str().expect("a plain path")]].concat();
    run_to_end(program("patrol-gateway"), all, SOON).await
}

#[tokio::test]
async fn a_gateway_without_reports_has_indicators_of_nothing_in_every_form() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let address = gateway.http_url().replace("http://", "");
    let config = world.file("ask.toml", format!("[http]\nbind = \"{address}\"\n"));
    let table = ask(&config, &["indicators"]).await;
    assert!(
        table.code == Some(0) && table.stdout.contains("按时处置率 in-time rate          - (0/0)"),
        "{table:?}"
    );
    let json = ask(&config, &["indicators", "--format", "json"]).await;
    let sheet: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(
        (&sheet["definitions"], &sheet["rows"][0]["figures"]["reports"]),
        (&json!("indicators@1"), &json!(0))
    );
    let csv = ask(&config, &["indicators", "--by", "day,street", "--format", "csv"]).await;
    assert!(
        csv.code == Some(0)
            && csv.stdout.starts_with("day,street_code,street,")
            && csv.stdout.lines().count() == 1
    );
    let points = ask(&config, &["points", "--quarter", "2026Q4", "--card", "DY 2207/东"]).await;
    assert!(points.code == Some(0) && points.stdout.contains("2026Q4"), "{points:?}");
    let points = ask(&config, &["points", "--month", "2026-11", "--format", "csv"]).await;
    assert_eq!(points.stdout, "period,rank,card,total,days,assessments,rules\r\n");

    gateway.kill9().await;
    for args in [&["indicators", "--format", "csv"][..], &["points", "--format", "json"]] {
        let ended = ask(&config, args).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
    }
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_formulas_need_no_gateway() {
    let run =
        |args: &'static [&'static str]| run_to_end(program("patrol-gateway"), args.iter().copied(), SOON);
    let formulas = run(&["indicators", "--formulas"]).await;
    assert!(
        formulas.code == Some(0) && formulas.stdout.contains("in_time / (in_time + late)"),
        "{formulas:?}"
    );
    for args in [
        &["indicators", "--by", "week"][..],
        &["indicators", "--from", "yesterday"],
        &["indicators", "--from", "2026-11-02", "--to", "2026-11-01"],
        &["points", "--month", "2026-13"],
        &["points", "--month", "2026-11", "--quarter", "2026Q4"],
    ] {
        let refused = run(args).await;
        assert!(refused.code == Some(2) && refused.stdout.is_empty(), "{args:?}: {refused:?}");
    }
}
