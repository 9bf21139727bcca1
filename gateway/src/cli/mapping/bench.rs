//! `patrol-gateway mapping test`: one sample through the rules and the admission, step by step.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::headline;
use crate::city;
use crate::cli::{Exit, print};
use crate::clock;
use crate::config::Config;
use crate::domain::admission::{self, Admission, Rejection};
use crate::domain::camera::CameraEvents;
use crate::domain::coordinates::Coordinates;
use crate::domain::keyring::Keyring;
use crate::domain::mapping::{Mapped, Step};
use crate::domain::report::{Class, DeviceId};
use crate::keys;

/// What is tried.
pub(super) struct Sample<'a> {
    pub(super) file: &'a Path,
    pub(super) topic: &'a str,
    pub(super) publisher: &'a str,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Findings {
    /// The rule, from 1; `None`: none is for the topic.
    rule: Option<usize>,
    /// The rule in words.
    #[serde(skip)]
    headline: String,
    device: Option<String>,
    class: Option<&'static str>,
    fields: Vec<Found>,
    /// The report in our JSON.
    report: Option<Value>,
    /// `accepted` or `quarantined`, or nothing when no rule is for the topic.
    verdict: Option<&'static str>,
    reason: Option<&'static str>,
    detail: Option<String>,
}

/// One field.
#[derive(Debug, Serialize)]
struct Found {
    field: String,
    pointer: Option<String>,
    found: Option<Value>,
    value: Option<Value>,
}

impl Found {
    fn of(step: Step<'_>) -> Found {
        Found {
            field: step.field.to_owned(),
            pointer: step.pointer.map(|pointer| pointer.as_str().to_owned()),
            found: step.found.cloned(),
            value: step.value.cloned(),
        }
    }
}

/// Tries a sample and prints what came of it; [`Exit::Ok`] when a report was made of it that admission takes.
pub(super) fn run(config: &Config, sample: &Sample<'_>, json: bool) -> Exit {
    let payload = match read(sample.file, config.listener.max_packet_bytes) {
        Ok(payload) => payload,
        Err(error) => {
            eprintln!("读取失败 Reading {}: {error}", sample.file.display());
            return Exit::Usage;
        }
    };
    let keyring = match keys::load(&config.devices) {
        Ok(keys) => keys.keyring,
        Err(error) => {
            eprintln!("密钥文件有误 Device keys: {error}");
            return Exit::Usage;
        }
    };
    let camera_events = match city::camera_events(&config.geography) {
        Ok(camera_events) => camera_events,
        Err(error) => {
            eprintln!("摄像机事件表有误 Camera events: {error}");
            return Exit::Usage;
        }
    };
    let findings = findings(config, &keyring, &camera_events, sample, &payload, clock::unix_ms());
    let understood = findings.verdict == Some("accepted");
    let text =
        if json { serde_json::to_string_pretty(&findings).unwrap_or_default() } else { words(&findings) };
    match print(&format!("{}\n", text.trim_end())) {
        Exit::Ok if !understood => Exit::Failure,
        printed => printed,
    }
}

/// The sample, if it is no larger than what the listener takes.
fn read(file: &Path, bytes_max: usize) -> std::io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    File::open(file)?.take(bytes_max as u64 + 1).read_to_end(&mut payload)?;
    if payload.len() > bytes_max {
        let told = format!("above listener.max_packet_bytes ({bytes_max} B): it would be refused");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, told));
    }
    Ok(payload)
}

fn findings(
    config: &Config,
    keyring: &Keyring,
    camera_events: &CameraEvents,
    sample: &Sample<'_>,
    payload: &[u8],
    now_ms: i64,
) -> Findings {
    let rules = &config.mapping.rules.clone().with_camera_events(camera_events);
    let mut fields = Vec::new();
    let mut watch = |step: Step<'_>| fields.push(Found::of(step));
    let mapped = rules.watched(sample.publisher, sample.topic, payload, now_ms, &mut watch);
    let Some(Mapped { rule, class, device, report }) = mapped else {
        return Findings {
            rule: None,
            headline: String::new(),
            device: None,
            class: None,
            fields,
            report: None,
            verdict: None,
            reason: None,
            detail: None,
        };
    };
    let told = report.as_ref().ok().and_then(|report| serde_json::from_slice(report).ok());
    let admitted = report
        .and_then(|report| admit(keyring, config.geography.coordinates(), class, device.as_ref(), &report));
    let (verdict, refused) = match admitted {
        Ok(()) => ("accepted", None),
        Err(rejection) => ("quarantined", Some(rejection)),
    };
    Findings {
        rule: Some(rule + 1),
        headline: rules.iter().nth(rule).map(|found| headline(rule, found)).unwrap_or_default(),
        device: device.map(|device| device.to_string()),
        class: Some(class.as_str()),
        fields,
        report: told,
        verdict: Some(verdict),
        reason: refused.as_ref().map(|rejection| rejection.reason.as_str()),
        detail: refused.map(|rejection| rejection.detail),
    }
}

/// What admission says of a report; there is none without a device.
fn admit(
    keyring: &Keyring,
    coordinates: Coordinates,
    class: Class,
    device: Option<&DeviceId>,
    report: &[u8],
) -> Result<(), Rejection> {
    let Some(device) = device else { return Ok(()) };
    admission::admit(keyring, coordinates, class, device, report).map(|_: Admission<'_>| ())
}

fn words(findings: &Findings) -> String {
    if findings.rule.is_none() {
        return "没有规则匹配此主题 No rule is for this topic\n".to_owned();
    }
    let mut text = format!("{}\n", findings.headline);
    _ = writeln!(text, "设备 device  {}", findings.device.as_deref().unwrap_or("? 未知 unknown"));
    for Found { field, pointer, found, value } in &findings.fields {
        let shown = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        let from = match pointer.as_deref() {
            Some("") => "整个消息 the whole payload".to_owned(),
            Some(pointer) => {
                format!("{pointer} {}", found.as_ref().map(Value::to_string).unwrap_or_default())
            }
            None => "常量 constant".to_owned(),
        };
        _ = writeln!(text, "  {field} = {}  <- {from}", shown(value));
    }
    if let Some(report) = &findings.report {
        _ = writeln!(text, "报告 report  {report}");
    }
    match (&findings.reason, &findings.detail) {
        (Some(reason), Some(detail)) => _ = writeln!(text, "隔离 quarantined: {reason}: {detail}"),
        _ => _ = writeln!(text, "接收 accepted: {}", findings.class.unwrap_or_default()),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../../tests/mapping/jtt808-json.json");

    fn tried(entry: &str, topic: &str, payload: &[u8]) -> Findings {
        let text = format!("[[mapping]]\ntopic = \"jt/+/up\"\npreset = \"jtt808-json\"\n{entry}");
        let config = Config::from_toml(&text, "p.toml", std::iter::empty()).unwrap();
        let sample = Sample { file: Path::new("-"), topic, publisher: "bench" };
        findings(&config, &Keyring::default(), &CameraEvents::default(), &sample, payload, 0)
    }

    #[test]
    fn the_bench_says_rule_device_fields_report_and_verdict() {
        let told = words(&tried("crs = \"wgs84\"", "jt/1/up", SAMPLE));
        let parts = [
            "规则 rule 1: jt/+/up (jtt808-json) -> 轨迹 telemetry",
            "设备 device  jt-013912345678",
            "  speed_kmh = 55.3  <- /body/speed 553",
            "  position.crs = \"wgs84\"  <- 常量 constant",
            "报告 report  {\"time\":\"2026-11-23T01:12:44Z\",\"position\":{\"lon\":104.398123,",
            "接收 accepted: telemetry",
        ];
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn the_bench_reads_camera_events_by_the_citys_table() {
        let text = "[[mapping]]\ntopic = \"viid/#\"\npreset = \"ga1400-event\"\ncrs = \"wgs84\"";
        let config = Config::from_toml(text, "p.toml", std::iter::empty()).unwrap();
        let events = city::camera_events(&config.geography).unwrap();
        let sample = Sample { file: Path::new("-"), topic: "viid/7", publisher: "bench" };
        let payload = include_bytes!("../../../tests/mapping/ga1400-event.json");
        let told = words(&findings(&config, &Keyring::default(), &events, &sample, payload, 0));
        let parts = [
            "  code = \"0501\"  <- /ImageListObject/Image/0/ImageInfo/EventSort 661",
            "设备 device  cam-51060300001190000001",
            "接收 accepted: incident",
        ];
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn the_bench_says_why_a_sample_would_be_quarantined_or_pass_by() {
        let local = words(&tried("crs = \"local\"", "jt/1/up", SAMPLE));
        assert!(local.contains("隔离 quarantined: missing_field: position.easting_m"), "{local}");
        let garbage = tried("crs = \"wgs84\"", "jt/1/up", b"[");
        assert_eq!((garbage.verdict, garbage.reason), (Some("quarantined"), Some("malformed_json")));
        let other = tried("crs = \"wgs84\"", "other", SAMPLE);
        assert!(other.verdict.is_none() && words(&other).contains("No rule is for this topic"));
    }
}
