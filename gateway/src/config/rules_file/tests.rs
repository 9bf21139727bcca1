use serde_json::Value;

use super::*;

const CITY: &str = include_str!("../../../city/rules.toml");

fn refused(text: &str) -> String {
    read(text, "r.toml").unwrap_err().to_string()
}

#[test]
fn the_example_city_has_every_kind_of_rule_and_an_empty_file_has_none() {
    let rules = read(CITY, "rules.toml").unwrap();
    assert!(rules.ownership.default.is_some() && !rules.ownership.rules.is_empty());
    assert!(
        !rules.delegation.rules.is_empty() && !rules.joint.is_empty() && !rules.severity.rules.is_empty()
    );
    assert!(!rules.time_limit.rules.is_empty() && !rules.tidal.is_empty() && !rules.quiet.is_empty());
    assert_eq!(rules.calendar.exceptions().count(), 3 + 9 + 3 + 5 + 3 + 3 + 7 + 6);
    assert_eq!(read("", "nothing").unwrap(), Rules::default());
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let told = refused(
        "calender = 1\n[calendar]\nworking_hours = [\"12:00-08:00\"]\nworking_days = \"1-8\"\n\
         [[calendar.holiday]]\nname = \"x\"\nfrom = \"2026-10-02\"\nto = \"2026-10-01\"\n\
         [ownership]\nowner = \"line_authority\"\ncopies = [\"line_authority\"]\n\
         [[joint]]\nname = \"a\"\ncodes = [\"0501\"]\nroads = true\n\
         recipients = [{ party = \"police\", unit = \"p\", view = \"full\" }, { party = \"polic\", unit = \"\" }]\n\
         [time_limit]\ndefault = \"4wh\"\n[duplicates]\nradius_m = 0\nwithin = \"10\"\nof = []\n\
         [[tidal]]\nname = \"t\"\ncircle = { lon = 31.1, lat = 104.4, radius_m = 5 }\n[[delegation]]\n",
    );
    for part in [
        "r.toml:1:1: unknown rules.calender; the nearest known name is calendar",
        "r.toml:3:17: calendar.working_hours: expected 1 to 8 spans of one day",
        "r.toml:4:16: calendar.working_days: expected days of the week",
        "r.toml:8:6: calendar.holiday.to: expected an end that is not before the beginning; found \"2026-10-01\"",
        "r.toml:11:10: ownership.copies: expected others than the owner",
        "r.toml:14:9: joint.codes: expected a list of case codes such as \"event:0501\"",
        "joint.within_m: expected metres beside places, roads or points, and only there; found nothing",
        "joint.recipients.view: expected \"minimal\" for the police; found \"full\"",
        "joint.recipients.party: expected \"urban_management\"",
        "joint.recipients.unit: expected text of 1 to 64 visible characters; found \"\"",
        "time_limit.default: expected a time limit",
        "duplicates.radius_m: expected metres",
        "duplicates.within: expected a duration",
        "unknown duplicates.of; the nearest known name is off",
        "tidal.crs: expected the coordinate system",
        "tidal.circle.lat: expected degrees, -90 to 90; found 104.4",
        "tidal.hours: expected a list of 1 to 8 hours",
        "delegation.name: expected text",
        "delegation.level: expected \"street\"",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert!(refused("[joint\n").starts_with("r.toml:1:"));
    assert!(refused("joint = 7\n").contains("expected an array of tables; found 7"));
}

#[test]
fn two_rules_about_one_code_and_two_rules_of_one_name_are_refused() {
    let rule = |name: &str, code: &str| {
        format!("[[time_limit.rule]]\nname = \"{name}\"\ncodes = [\"{code}\"]\nlimit = \"4WH\"\n")
    };
    let told = refused(&(rule("a", "event:0501") + &rule("b", "event:0501")));
    assert!(told.contains("expected codes that no other rule of this kind has; found event:0501"), "{told}");
    let told = refused(&(rule("a", "event:0501") + &rule("a", "event:0502")));
    assert!(told.contains("expected a name that no other rule of this kind has; found \"a\""), "{told}");
    assert!(read(&(rule("a", "event:05*") + &rule("b", "event:0501")), "r").is_ok(), "one is more exact");
}

#[test]
fn too_many_rules_codes_and_names_are_refused() {
    let rule = |n: usize| format!("[[quiet]]\nname = \"q{n}\"\ncodes = [\"event:{n}\"]\n");
    let file = |count: usize| (0..count).map(rule).collect::<String>();
    assert!(read(&file(256), "r").is_ok());
    assert!(refused(&file(257)).contains("quiet: expected at most 256 rules; found 257"));
    let codes: Vec<String> = (0..257).map(|n| format!("\"event:{n}\"")).collect();
    let told = refused(&format!("[[quiet]]\nname = \"q\"\ncodes = [{}]\n", codes.join(",")));
    assert!(told.contains("quiet.codes: expected at most 256 of them; found 257"), "{told}");
}

/// The keys of each table that the reader knows, by their place in the file.
const TABLES: [(&str, &[&str]); 18] = [
    ("", &SECTIONS),
    ("calendar", &calendar::KEYS),
    ("calendar.holiday", &calendar::HOLIDAY),
    ("calendar.workday", &calendar::WORKDAY),
    ("ownership", &by_code::OWNERSHIP),
    ("ownership.rule", &by_code::OWNERSHIP_RULE),
    ("delegation", &by_code::DELEGATION),
    ("joint", &joint::KEYS),
    ("joint.recipients", &joint::RECIPIENT),
    ("severity", &by_code::SEVERITY),
    ("severity.rule", &by_code::SEVERITY_RULE),
    ("time_limit", &by_code::TIME_LIMIT),
    ("time_limit.rule", &by_code::TIME_LIMIT_RULE),
    ("tidal", &areas::KEYS),
    ("tidal.circle", &areas::CIRCLE),
    ("quiet", &QUIET),
    ("duplicates", &DUPLICATES),
    ("tidal.polygon", &[]),
];

#[test]
fn the_schema_has_the_keys_that_the_reader_has_and_no_others() {
    let schema = schema();
    for (place, keys) in TABLES {
        let mut at = &schema;
        for name in place.split('.').filter(|name| !name.is_empty()) {
            at = &at["properties"][name];
            if at["type"] == "array" {
                at = &at["items"];
            }
        }
        let known: Vec<&String> =
            at["properties"].as_object().map(|map| map.keys().collect()).unwrap_or_default();
        assert_eq!(known.len(), keys.len(), "{place}: {known:?}");
        assert!(
            keys.iter().all(|key| known.iter().any(|known| *known == key)),
            "{place}: {known:?}, {keys:?}"
        );
    }
}

/// What of a value does not fit a schema; patterns of text are left to real validators.
fn misfit(schema: &Value, value: &Value, place: &str) -> Option<String> {
    let told = |what: &str| Some(format!("{place}: {what}: {value}"));
    if schema["enum"].as_array().is_some_and(|names| !names.contains(value)) {
        return told("none of the names");
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !fits {
        return told("another type");
    }
    let required = schema["required"].as_array().into_iter().flatten();
    if let Some(missing) = required.filter_map(Value::as_str).find(|name| value.get(name).is_none()) {
        return told(missing);
    }
    let members =
        value.as_object().into_iter().flatten().find_map(|(name, inner)| {
            match schema["properties"].get(name) {
                Some(schema) => misfit(schema, inner, &format!("{place}.{name}")),
                None => Some(format!("{place}.{name} is not known")),
            }
        });
    let mut items = value.as_array().into_iter().flatten();
    members.or_else(|| items.find_map(|item| misfit(&schema["items"], item, place)))
}

fn json(item: &toml_edit::Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return Value::Object(table.iter().map(|(name, item)| (name.to_owned(), json(item))).collect());
    }
    match item {
        toml_edit::Item::ArrayOfTables(tables) => {
            tables.iter().map(|table| json(&toml_edit::Item::Table(table.clone()))).collect()
        }
        toml_edit::Item::Value(toml_edit::Value::Array(array)) => {
            array.iter().map(|value| json(&toml_edit::Item::Value(value.clone()))).collect()
        }
        other => super::super::entry::literal(other).unwrap_or(Value::Null),
    }
}

#[test]
fn the_example_city_fits_the_schema() {
    let document: toml_edit::DocumentMut = CITY.parse().unwrap();
    let city = json(document.as_item());
    assert_eq!(misfit(&schema(), &city, "rules"), None);
    let mut wrong = city;
    wrong["joint"][0]["recipients"][0]["party"] = "nobody".into();
    assert!(misfit(&schema(), &wrong, "rules").is_some());
}
