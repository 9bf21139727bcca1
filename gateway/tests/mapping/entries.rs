//! What is said about entries: mistakes, and how they are shown.

use patrol_gateway::config::{ConfigError, Problem};

use super::read;

/// Every problem, as the operator reads it.
fn told(text: &str) -> Vec<String> {
    match read(text) {
        Err(ConfigError::Refused { problems }) => problems.iter().map(Problem::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn what_an_entry_gets_wrong_is_told_with_its_place_and_all_at_once() {
    let entry = |lines: &str| {
        format!("[[mapping]]\ntopic = \"a/+\"\nkind = \"telemetry\"\ndevice = {{ level = 2 }}\n{lines}")
    };
    let cases = [
        (entry("colour = 1"), "p.toml:5:1: unknown mapping.colour; the nearest known name is "),
        (entry("preset = \"jtt808\""), "p.toml:5:10: mapping.preset: expected one of \"jtt808-json\""),
        (
            entry("fields.speed = { pointer = \"/v\" }"),
            "p.toml:5:8: unknown mapping.fields.speed; the nearest known name is seq",
        ),
        (
            entry("crs = \"wgs84\"\nfields.position.lng = { pointer = \"/v\" }"),
            "p.toml:6:17: unknown mapping.fields.position.lng; the nearest known name is lon",
        ),
        (
            entry("fields.speed_kmh = { pointer = \"v\" }"),
            "p.toml:5:32: mapping.fields.speed_kmh.pointer: expected a JSON Pointer",
        ),
        (
            entry("fields.speed_kmh = { pointer = \"/v\", bit = 3 }"),
            "p.toml:5:44: mapping.fields.speed_kmh.bit: expected nothing, as the field holds a number",
        ),
        (
            entry("fields.speed_kmh = { default = \"fast\" }"),
            "p.toml:5:32: mapping.fields.speed_kmh.default: expected a number",
        ),
        (
            entry("fields.speed_kmh = { scale = 0.1 }"),
            "p.toml:5:20: mapping.fields.speed_kmh.pointer: expected a JSON Pointer, or a default",
        ),
        (
            entry("fields.position.lon = { pointer = \"/x\" }"),
            "p.toml:1:1: mapping.crs: expected the coordinate system of the devices",
        ),
        (entry("crs = \"mars\""), "p.toml:5:7: mapping.crs: expected the coordinate system"),
        (entry("when = { equals = 1 }"), "p.toml:5:8: mapping.when.pointer: expected a JSON Pointer"),
        (
            "[[mapping]]\ntopic = \"patrol/v1/up/+/status\"\npreset = \"senml\"".into(),
            "p.toml:2:9: mapping.topic: expected an MQTT topic or filter of another system",
        ),
        ("[[mapping]]\ntopic = \"a/#/b\"\npreset = \"senml\"".into(), "p.toml:2:9: mapping.topic: expected"),
        ("[[mapping]]\npreset = \"senml\"".into(), "p.toml:1:1: mapping.topic: expected"),
        (
            "[[mapping]]\ntopic = \"a\"\nkind = \"evidence\"\ndevice = { level = 1 }".into(),
            "p.toml:3:8: mapping.kind: expected one of \"telemetry\", \"reading\", \"incident\"",
        ),
        (
            "[[mapping]]\ntopic = \"a\"\npreset = \"senml\"\ndevice = { level = 3 }".into(),
            "p.toml:2:9: mapping.topic: expected a topic with the level 3",
        ),
        (
            "[[mapping]]\ntopic = \"a\"\nkind = \"reading\"\ndevice = { publisher = true }".into(),
            "p.toml:1:1: mapping.readings: expected readings or collect",
        ),
        (
            "[[mapping]]\ntopic = \"a\"\npreset = \"senml\"\ndevice = { publisher = true, level = 1 }".into(),
            "p.toml:4:10: mapping.device: expected one of { level = N }",
        ),
        ("mapping = 1".into(), "p.toml:1:11: mapping: expected entries [[mapping]]; found 1"),
        (
            "[mapping]\ntopic = \"a\"".into(),
            "p.toml:1:1: mapping: expected entries [[mapping]]; found a table",
        ),
        ("[[maping]]".into(), "p.toml:1:3: unknown maping; the nearest known name is [[mapping]]"),
    ];
    for (text, expected) in cases {
        let problems = told(&text);
        let first = problems.first().map(String::as_str).unwrap_or_default();
        assert!(first.starts_with(expected) && problems.len() == 1, "{text}\n{problems:#?}");
    }
    let many = "[[mapping]]\ntopic = \"a\"\npreset = \"senml\"\n".repeat(65);
    assert!(told(&many)[0].contains("mapping: expected at most 64 entries; found 65"));
}

#[test]
fn the_rules_are_shown_as_they_were_given_and_read_back_the_same() {
    let text = r#"
        [[mapping]] # cars
        topic = "a/+/up"
        preset = "jtt808-json"
        crs = "wgs84"
        fields.position.accuracy_m = { default = 10 }
        [mapping.fields.speed_kmh]
        pointer = "/v"
        scale = 3.6
        [[mapping]]
        topic = "b"
        kind = "reading"
        device = { publisher = true }
        [[mapping.readings]]
        quantity = "water_level"
        pointer = "/level"
        scale = 0.001
        unit = "m"
    "#;
    let config = read(text).unwrap();
    assert_eq!(config.mapping.rules.len(), 2);
    let shown = config.to_toml();
    assert_eq!(read(&shown).unwrap(), config, "{shown}");
    assert!(shown.contains("[[mapping]]") && !shown.contains("# cars"), "{shown}");
}
