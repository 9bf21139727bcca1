//! The file of the registry: TOML, an entry for each device, application and open enrolment.
//!
//! ```toml
//! [[device]]
//! id = "car-07"
//! kind = "vehicle"
//! password = "$argon2id$v=19$m=8192,t=3,p=1$...$..."
//!
//! [[application]]
//! name = "console"
//! subscribe = ["patrol/v1/up/#"]
//! certificate = true
//! ```
//!
//! The commands write it, so comments in it don't last. As for the configuration itself, everything wrong is told at once, with its
//! place; no message repeats a hash.

mod kinds;
mod show;

use std::collections::BTreeMap;
use std::sync::Arc;

use toml_edit::Table;

pub use kinds::{parse_filter, parse_grid};
pub use show::show;

use kinds::{Code, Filters, Grid, Hash, Time};

use super::entries::{Entries, Heading};
use super::error::ConfigError;
use super::gateway::Id;
use super::kinds::{Choice, Count, Flag};
use super::read::Source;
use crate::domain::access::Application;
use crate::domain::registry::{
    ApplicationEntry, Credentials, DeviceEntry, DeviceKind, Enrolment, Registry, RegistryFault,
};
use crate::domain::report::DeviceId;

const DEVICE: Heading = Heading {
    name: "device",
    keys: &["id", "kind", "grid", "vehicle", "password", "certificate", "revoked", "enrolled_with"],
};
const APPLICATION: Heading = Heading {
    name: "application",
    keys: &["name", "subscribe", "publish", "password", "certificate", "revoked"],
};
const ENROLMENT: Heading = Heading { name: "enrolment", keys: &["code", "until", "left", "kind"] };

const KINDS: &[(&str, DeviceKind)] = &[
    ("vehicle", DeviceKind::Vehicle),
    ("handheld", DeviceKind::Handheld),
    ("camera", DeviceKind::Camera),
    ("sensor", DeviceKind::Sensor),
    ("other", DeviceKind::Other),
];

/// Reads the text of a registry; `name` stands for it in messages.
///
/// # Errors
/// [`ConfigError::Refused`] with everything that is wrong.
pub fn read(text: &str, name: &str) -> Result<Registry, ConfigError> {
    let source = Source { name, text };
    let document = source.parse().map_err(|problem| ConfigError::Refused { problems: vec![problem] })?;
    let mut entries = Entries::new(source);
    let mut registry = Registry::default();
    let [devices, applications, enrolments] =
        entries.tables(document.as_table(), &[DEVICE, APPLICATION, ENROLMENT]);
    for table in devices {
        if let Some(entry) = device(&mut entries, table) {
            let added = registry.add_device(entry);
            refuse(&mut entries, &DEVICE, table, "id", added);
        }
    }
    for table in applications {
        if let Some(entry) = application(&mut entries, table) {
            let added = registry.add_application(entry);
            refuse(&mut entries, &APPLICATION, table, "name", added);
        }
    }
    for table in enrolments {
        if let Some(entry) = enrolment(&mut entries, table) {
            // All that stand in the file count, whatever the clock shows.
            let added = registry.open_enrolment(entry, i64::MIN);
            refuse(&mut entries, &ENROLMENT, table, "code", added);
        }
    }
    entries.finish(registry)
}

fn refuse(
    entries: &mut Entries<'_>,
    heading: &Heading,
    table: &Table,
    key: &str,
    added: Result<(), RegistryFault>,
) {
    if let Err(fault) = added {
        let key = format!("{}.{key}", heading.name);
        entries.refuse_entry(table, &key, "one more".to_owned(), fault.to_string());
    }
}

fn device(entries: &mut Entries<'_>, table: &Table) -> Option<DeviceEntry> {
    let id = entries.needed(&DEVICE, table, "id", &Id);
    let kind = entries.optional(&DEVICE, table, "kind", &Choice(KINDS));
    let home_grid = entries.optional(&DEVICE, table, "grid", &Grid);
    let vehicle = entries.optional(&DEVICE, table, "vehicle", &Id);
    let enrolled_with = entries.optional(&DEVICE, table, "enrolled_with", &Code);
    let credentials = credentials(entries, &DEVICE, table);
    Some(DeviceEntry {
        id: DeviceId::parse(&id?)?,
        kind: kind?.unwrap_or_default(),
        home_grid: home_grid?,
        vehicle: vehicle?.as_deref().and_then(DeviceId::parse),
        enrolled_with: enrolled_with?,
        credentials: credentials?,
    })
}

fn application(entries: &mut Entries<'_>, table: &Table) -> Option<ApplicationEntry> {
    let name = entries.needed(&APPLICATION, table, "name", &Id);
    let subscribe = entries.optional(&APPLICATION, table, "subscribe", &Filters);
    let publish = entries.optional(&APPLICATION, table, "publish", &Filters);
    let credentials = credentials(entries, &APPLICATION, table);
    let name = DeviceId::parse(&name?)?;
    let (subscribe, publish) = (subscribe?.unwrap_or_default(), publish?.unwrap_or_default());
    let application = Arc::new(Application { name, subscribe, publish });
    Some(ApplicationEntry { application, credentials: credentials? })
}

fn credentials(entries: &mut Entries<'_>, heading: &Heading, table: &Table) -> Option<Credentials> {
    let password = entries.optional(heading, table, "password", &Hash);
    let certificate = entries.optional(heading, table, "certificate", &Flag);
    let revoked = entries.optional(heading, table, "revoked", &Flag);
    Some(Credentials {
        password: password?,
        certificate: certificate?.unwrap_or(false),
        revoked: revoked?.unwrap_or(false),
    })
}

fn enrolment(entries: &mut Entries<'_>, table: &Table) -> Option<Enrolment> {
    let code = entries.needed(&ENROLMENT, table, "code", &Code);
    let until_ms = entries.needed(&ENROLMENT, table, "until", &Time);
    let left = entries.needed(&ENROLMENT, table, "left", &Count { min: 1, max: 10_000_u32 });
    let kind = entries.optional(&ENROLMENT, table, "kind", &Choice(KINDS));
    Some(Enrolment { code: code?, until_ms: until_ms?, left: left?, kind: kind?.unwrap_or_default() })
}

/// How many devices there are of each kind, for people.
pub fn census_of_kinds(registry: &Registry) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for device in registry.devices() {
        *kinds.entry(device.kind.as_str()).or_default() += 1;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8192,t=3,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA";

    fn refused(text: &str) -> String {
        read(text, "r.toml").unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = format!(
            "[[device]]\nid = \"car-07\"\nkind = \"vehicle\"\ngrid = \"510603001\"\nvehicle = \"car-07\"\npassword = \"{HASH}\"\n\
             [[device]]\nid = \"cam-01\"\ncertificate = true\nrevoked = true\nenrolled_with = \"{}\"\n\
             [[application]]\nname = \"console\"\nsubscribe = [\"patrol/v1/up/#\"]\npassword = \"{HASH}\"\n\
             [[enrolment]]\ncode = \"{}\"\nuntil = \"2026-11-27T13:00:00Z\"\nleft = 20\nkind = \"camera\"\n",
            "ab".repeat(32),
            "cd".repeat(32),
        );
        let registry = read(&text, "r.toml").unwrap();
        let census = registry.census();
        assert_eq!((census.devices, census.applications, census.revoked, census.enrolments), (2, 1, 1, 1));
        assert_eq!(census_of_kinds(&registry), BTreeMap::from([("vehicle", 1), ("other", 1)]));
        let shown = show(&registry);
        assert!(read(&shown, "again").unwrap() == registry, "{shown}");
        assert!(read("", "nothing").unwrap() == Registry::default());
        assert!(read(&show(&Registry::default()), "nothing").unwrap() == Registry::default());
    }

    #[test]
    fn everything_wrong_is_told_with_its_place_and_no_secret_is_repeated() {
        let text = "[[device]]\nid = \"car-07\"\npasword = \"hunter2\"\n[[device]]\nid = \"car-08\"\n\
                    password = \"hunter2\"\n[[device]]\nid = \"car-07\"\n[[aplication]]\n[[application]]\n\
                    name = \"x\"\nsubscribe = [\"a/#/b\"]\n[[device]]\nid = \"enrol\"\n";
        let told = refused(text);
        for part in [
            "r.toml:3:1: unknown device.pasword; the nearest known name is password",
            "r.toml:6:12: device.password: expected an Argon2id hash",
            "r.toml:7:1: device.id: expected one more; found car-07 is there already",
            "unknown aplication; the nearest known name is [[application]]",
            "r.toml:12:13: application.subscribe: expected a list of at most 64",
            "device.id: expected one more; found \"enrol\" is the user name of devices that enrol",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
        assert!(refused("device = 7\n").contains("expected entries [[device]]; found 7"));
        assert!(refused("[[device]\n").starts_with("r.toml:1:"), "{}", refused("[[device]\n"));
    }
}
