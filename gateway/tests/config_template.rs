//! The template, the reader, the JSON Schema and the manual name the same keys with the same defaults.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use patrol_gateway::config::Config;
use serde_json::Value;

const NO_VARIABLES: [(String, String); 0] = [];

/// `section.key` to its default, as the schema (made by the reader's own pass) has them; `None` when it may be left out.
fn described() -> BTreeMap<String, Option<Value>> {
    let schema = Config::schema();
    let mut keys = BTreeMap::new();
    let sections = schema["properties"].as_object().unwrap().iter();
    let sections = sections.map(|(name, section)| (name, once(section)));
    for (section, properties) in sections.filter(|(_, section)| section["type"] == "object") {
        for (key, described) in properties["properties"].as_object().unwrap() {
            keys.insert(format!("{section}.{key}"), described.get("default").cloned());
        }
    }
    keys
}

/// What a section is when it stands once, if it may stand several times.
fn once(section: &Value) -> &Value {
    section["anyOf"].get(0).unwrap_or(section)
}

/// The template's keys, `section.key` to the line that sets it.
fn shown() -> BTreeMap<String, String> {
    let mut section = "";
    let mut keys = BTreeMap::new();
    for line in Config::template().lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) =
            line.strip_prefix('#').filter(|key| !key.starts_with(' ')).and_then(|key| key.split_once(" = "))
        {
            let before = keys.insert(format!("{section}.{key}"), line[1..].to_owned());
            assert_eq!(before, None, "{section}.{key} stands there twice");
        }
    }
    keys
}

/// The template with the keys that `keep` names taken out of their comments.
fn uncommented(keep: impl Fn(&str) -> bool) -> String {
    let keys = shown();
    let mut text = String::new();
    let mut section = "";
    for (key, line) in keys.iter().filter(|(key, _)| keep(key)) {
        let (own, _) = key.split_once('.').unwrap();
        if own != section {
            text.push_str(&format!("[{own}]\n"));
            section = own;
        }
        text.push_str(&format!("{line}\n"));
    }
    text
}

#[test]
fn the_template_as_it_is_changes_nothing() {
    assert_eq!(Config::from_toml(Config::template(), "template", NO_VARIABLES).unwrap(), Config::default());
}

#[test]
fn template_reader_and_schema_name_the_same_keys() {
    let (described, shown) = (described(), shown());
    assert_eq!(described.keys().collect::<Vec<_>>(), shown.keys().collect::<Vec<_>>());
    assert!(described.len() > 20, "{described:?}");
}

#[test]
fn the_template_shows_the_defaults() {
    let keys = described();
    let text = uncommented(|key| keys[key].is_some());
    assert_eq!(Config::from_toml(&text, "template", NO_VARIABLES).unwrap(), Config::default());
    // Equal as configuration could still hide a key that only counts with an uplink: compare value by value.
    let with_uplink =
        "PATROL_GATEWAY__UPLINK__KIND PATROL_GATEWAY__UPLINK__URL".split(' ').map(str::to_owned);
    let variables: Vec<_> = with_uplink.zip(["https", "https://a.example"].map(str::to_owned)).collect();
    let defaults = Config::from_toml("", "defaults", variables.clone()).unwrap();
    assert!(!defaults.uplinks.is_empty());
    assert_eq!(Config::from_toml(&text, "template", variables).unwrap(), defaults);
}

#[test]
fn the_template_s_examples_are_values_that_work() {
    let config = Config::from_toml(&uncommented(|_| true), "template", NO_VARIABLES).unwrap();
    assert!(config.gateway.site.is_some() && config.geography.codes.is_some());
}

#[test]
fn every_key_is_explained() {
    let schema = Config::schema();
    for key in described().keys() {
        let (section, name) = key.split_once('.').unwrap();
        let description =
            once(&schema["properties"][section])["properties"][name]["description"].as_str().unwrap();
        assert!(description.len() > 10 && description.ends_with(['.', '"']), "{key}: {description:?}");
    }
}

#[test]
fn the_manual_names_every_key_and_its_default() {
    let manual = include_str!("../../docs/operations.md");
    for (key, default) in described() {
        let (section, name) = key.split_once('.').unwrap();
        let from = manual.find(&format!("### `[{section}]`")).unwrap_or_else(|| panic!("[{section}]"));
        let part = manual[from + 4..].split("\n#").next().unwrap();
        let row = part.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{key} is not in the manual"));
        if let Some(default) = default {
            let line = &shown()[&key];
            let written = line.split_once(" = ").unwrap().1;
            assert!(row.contains(&format!("`{written}`")), "{key}: {default} in {row}");
        }
    }
}
