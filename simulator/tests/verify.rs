//! `patrol-simulator verify` over ledger files of two processes: its exit code is the verdict.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::process::{Command, Output};

const DEVICES: &str = r#"{"fact":"acknowledged","id":"car-01/1/1","class":"telemetry"}
{"fact":"acknowledged","id":"cam-01/1/1","class":"incident"}
{"fact":"receipt","id":"cam-01/1/1","result":"accepted","case":"AJ-2026-000001"}
"#;
const DELIVERED_INCIDENT: &str = r#"{"fact":"delivered","id":"cam-01/1/1","source":"urn:patrol-gateway:b","event_type":"cn.patrol.incident.v1","case":"AJ-2026-000001","content":"00","request":1}
"#;
const DELIVERED_TELEMETRY: &str = r#"{"fact":"delivered","id":"car-01/1/1","source":"urn:patrol-gateway:b","event_type":"cn.patrol.telemetry.v1","content":"00","request":1}
"#;

/// What the gateway says of the telemetry that is missing.
const TOLD: &str = r#"{"fact":"loss","gateway":"b","loss":{"id":"00000000000000aa","device":"car-01","boot":1,"first_seq":1,"last_seq":1,"class":"telemetry","reason":"evicted","count":1,"first_noted_at":"2026-11-23T01:12:44.120Z","last_noted_at":"2026-11-23T01:12:44.120Z"}}
"#;

fn verify(devices: &str, platform: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let files = [("devices", devices), ("platform", platform)];
    let mut command = Command::new(env!("CARGO_BIN_EXE_patrol-simulator"));
    command.arg("verify");
    for (name, content) in files {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        command.arg(format!("--{name}")).arg(path);
    }
    command.output().unwrap()
}

#[test]
fn kept_promises_exit_0() {
    let output = verify(DEVICES, &format!("{DELIVERED_INCIDENT}{DELIVERED_TELEMETRY}"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn one_missing_record_exits_1_and_is_named() {
    let output = verify(DEVICES, DELIVERED_INCIDENT);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("car-01/1/1"), "{said}");
}

#[test]
fn a_missing_record_that_a_loss_record_explains_exits_0_and_is_counted() {
    let output = verify(DEVICES, &format!("{DELIVERED_INCIDENT}{TOLD}"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1  explained losses") && said.contains("0  lost (acknowledged"), "{said}");
    for other in [("telemetry", "incident"), ("evicted", "withheld"), ("car-01", "car-02")] {
        let output = verify(DEVICES, &format!("{DELIVERED_INCIDENT}{}", TOLD.replace(other.0, other.1)));
        assert_eq!(output.status.code(), Some(1), "explained by {} for {}", other.1, other.0);
    }
}

#[test]
fn a_file_that_is_no_ledger_is_an_error_that_names_file_and_line() {
    let output = verify(&format!("{DEVICES}nonsense\n"), DELIVERED_INCIDENT);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("devices") && said.contains("line 4"), "{said}");
}
