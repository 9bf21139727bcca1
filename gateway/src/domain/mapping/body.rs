//! What our JSON body of each class has: the fields that a rule can fill, in the order of the manual (docs/json.md).

use crate::domain::report::Class;

/// What a field of our JSON holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// A whole number, not below 0.
    Whole,
    /// True or false.
    Flag,
    /// Text.
    Text,
    /// A time.
    Time,
}

/// A field of our JSON, by its path.
pub type Known = (&'static str, Form);

const HEAD: &[Known] = &[
    ("boot", Form::Whole),
    ("seq", Form::Whole),
    ("time", Form::Time),
    ("time_quality", Form::Text),
    ("age_ms", Form::Number),
];

const POSITION: &[Known] = &[
    ("position.lon", Form::Number),
    ("position.lat", Form::Number),
    ("position.easting_m", Form::Number),
    ("position.northing_m", Form::Number),
    ("position.crs", Form::Text),
    ("position.accuracy_m", Form::Number),
    ("position.fix_age_ms", Form::Number),
    ("position.fix_type", Form::Text),
];

const TELEMETRY: &[Known] = &[
    ("altitude_m", Form::Number),
    ("satellites", Form::Number),
    ("speed_kmh", Form::Number),
    ("heading_deg", Form::Number),
    ("ignition", Form::Flag),
    ("panic", Form::Flag),
    ("battery_percent", Form::Number),
    ("supply_v", Form::Number),
    ("odometer_m", Form::Number),
];

const INCIDENT: &[Known] = &[
    ("kind", Form::Text),
    ("code", Form::Text),
    ("severity", Form::Number),
    ("operator", Form::Text),
    ("stall_card", Form::Text),
    ("description", Form::Text),
];

const STATUS: &[Known] = &[
    ("firmware", Form::Text),
    ("battery_percent", Form::Number),
    ("supply_v", Form::Number),
    ("temperature_c", Form::Number),
    ("signal_dbm", Form::Number),
    ("storage_free_kib", Form::Number),
    ("queued", Form::Number),
    ("dropped", Form::Number),
];

const TASK: &[Known] = &[
    ("task", Form::Whole),
    ("revision", Form::Whole),
    ("state", Form::Text),
    ("reason", Form::Text),
    ("note", Form::Text),
];

/// The classes that JSON carries, and so a rule can make.
pub const CLASSES: [Class; 5] =
    [Class::Telemetry, Class::Reading, Class::Incident, Class::Status, Class::Task];

/// The fields of a class. A reading's own fields come from its list of readings.
pub fn known(class: Class) -> impl Iterator<Item = Known> + Clone {
    let (position, own): (&[Known], &[Known]) = match class {
        Class::Telemetry => (POSITION, TELEMETRY),
        Class::Incident => (POSITION, INCIDENT),
        Class::Status => (&[], STATUS),
        Class::Task => (&[], TASK),
        Class::Reading | Class::Evidence => (&[], &[]),
    };
    HEAD.iter().chain(position).chain(own).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::admission;
    use crate::domain::coordinates::Coordinates;

    /// A value that every field of this form takes.
    fn value(name: &str, form: Form) -> Value {
        match (name, form) {
            ("position.crs", _) => json!("wgs84"),
            ("kind", _) => json!("event"),
            ("state", _) => json!("received"),
            ("reason", _) => json!("busy"),
            (_, Form::Number | Form::Whole) => json!(1),
            (_, Form::Flag) => json!(true),
            (_, Form::Text) => json!("1"),
            (_, Form::Time) => json!("2026-11-23T09:12:44Z"),
        }
    }

    #[test]
    fn our_json_knows_every_field_and_takes_its_form() {
        for class in CLASSES {
            let mut all = json!({});
            for (name, form) in known(class) {
                let slot = name.split('.').fold(&mut all, |object, step| &mut object[step]);
                *slot = value(name, form);
            }
            let text = all.to_string();
            let read = admission::reread(Coordinates::default(), class, text.as_bytes());
            assert!(read.is_ok(), "{class}: {all} {read:?}");
            // What our JSON does not know it passes over: a wrong type tells that it does.
            for (name, _) in known(class) {
                let mut wrong = all.clone();
                let slot = name.split('.').fold(&mut wrong, |object, step| &mut object[step]);
                *slot = json!([]);
                assert!(
                    admission::reread(Coordinates::default(), class, wrong.to_string().as_bytes()).is_err(),
                    "{class} {name}"
                );
            }
        }
    }

    #[test]
    fn the_manual_of_our_json_names_every_field() {
        let manual = include_str!("../../../../docs/json.md");
        for (name, _) in CLASSES.into_iter().flat_map(known) {
            let name = name.rsplit('.').next().unwrap();
            assert!(manual.contains(&format!("`{name}`")), "{name}");
        }
    }
}
