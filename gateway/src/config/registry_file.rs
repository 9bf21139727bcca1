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

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::entries::{Entries, Heading};
use super::error::ConfigError;
use super::gateway::Id;
use super::kinds::{Choice, Count, Flag};
use super::read::Source;
use super::value::{Kind, Raw};
use crate::domain::access::Application;
use crate::domain::registry::{
    ApplicationEntry, CodeHash, Credentials, DeviceEntry, DeviceKind, Enrolment, FILTER_LIMITS, FILTERS_MAX,
    PasswordHash, Registry, RegistryFault,
};
use crate::domain::report::DeviceId;
use crate::domain::topic::Filter;

const DEVICE: Heading = Heading {
    name: "device",
    keys: &["id", "kind", "grid", "password", "certificate", "revoked", "enrolled_with"],
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

/// What stands at the top of the file.
const HEAD: &str = "\
# Devices and applications of this gateway, written by `patrol-gateway device` and `patrol-gateway application`.
# It may be edited by hand too: a running gateway notices within seconds. Comments are lost when a command writes it.

";

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
    let enrolled_with = entries.optional(&DEVICE, table, "enrolled_with", &Code);
    let credentials = credentials(entries, &DEVICE, table);
    Some(DeviceEntry {
        id: DeviceId::parse(&id?)?,
        kind: kind?.unwrap_or_default(),
        home_grid: home_grid?,
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

/// The registry as the text of a file that reads back the same.
pub fn show(registry: &Registry) -> String {
    let mut document = DocumentMut::new();
    let mut put = |heading: &Heading, entries: ArrayOfTables| {
        if !entries.is_empty() {
            document.insert(heading.name, Item::ArrayOfTables(entries));
        }
    };
    put(&DEVICE, registry.devices().map(device_table).collect());
    put(&APPLICATION, registry.applications().map(application_table).collect());
    put(&ENROLMENT, registry.enrolments().iter().map(enrolment_table).collect());
    format!("{HEAD}{document}")
}

fn device_table(entry: &DeviceEntry) -> Table {
    let mut table = Table::new();
    table["id"] = value(entry.id.as_str());
    table["kind"] = value(entry.kind.as_str());
    if let Some(grid) = &entry.home_grid {
        table["grid"] = value(&**grid);
    }
    put_credentials(&mut table, &entry.credentials);
    if let Some(code) = &entry.enrolled_with {
        table["enrolled_with"] = value(Code.show(code));
    }
    table
}

fn application_table(entry: &ApplicationEntry) -> Table {
    let mut table = Table::new();
    table["name"] = value(entry.application.name.as_str());
    table["subscribe"] = value(Filters.show(&entry.application.subscribe));
    table["publish"] = value(Filters.show(&entry.application.publish));
    put_credentials(&mut table, &entry.credentials);
    table
}

fn put_credentials(table: &mut Table, credentials: &Credentials) {
    if let Some(password) = &credentials.password {
        table["password"] = value(password.as_str());
    }
    for (name, is_set) in [("certificate", credentials.certificate), ("revoked", credentials.revoked)] {
        if is_set {
            table[name] = value(true);
        }
    }
}

fn enrolment_table(entry: &Enrolment) -> Table {
    let mut table = Table::new();
    table["code"] = value(Code.show(&entry.code));
    table["until"] = value(Time.show(&entry.until_ms));
    table["left"] = value(i64::from(entry.left));
    table["kind"] = value(entry.kind.as_str());
    table
}

/// What a message says instead of something that could be a secret.
fn not_repeated(raw: Raw<'_>) -> String {
    match raw.text() {
        Some(text) => format!("{} characters (not repeated here)", text.chars().count()),
        None => "no text (not repeated here)".to_owned(),
    }
}

/// The hash of a password.
struct Hash;

impl Kind for Hash {
    type Value = PasswordHash;

    fn read(&self, raw: Raw<'_>) -> Option<PasswordHash> {
        PasswordHash::parse(raw.text()?)
    }

    fn show(&self, value: &PasswordHash) -> Value {
        Value::from(value.as_str())
    }

    fn expected(&self) -> String {
        "an Argon2id hash as the commands write it, never a password itself".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }

    fn found(&self, raw: Raw<'_>) -> String {
        not_repeated(raw)
    }
}

/// The SHA-256 of a code.
struct Code;

impl Kind for Code {
    type Value = CodeHash;

    fn read(&self, raw: Raw<'_>) -> Option<CodeHash> {
        super::key_file::parse_secret(raw.text()?).map(CodeHash::new)
    }

    fn show(&self, value: &CodeHash) -> Value {
        Value::from(value.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn expected(&self) -> String {
        "64 hexadecimal digits, in quotes".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }

    fn found(&self, raw: Raw<'_>) -> String {
        not_repeated(raw)
    }
}

/// The name of a grid.
struct Grid;

impl Kind for Grid {
    type Value = Box<str>;

    fn read(&self, raw: Raw<'_>) -> Option<Box<str>> {
        raw.text().and_then(parse_grid)
    }

    fn show(&self, value: &Box<str>) -> Value {
        Value::from(&**value)
    }

    fn expected(&self) -> String {
        "a grid: 1 to 64 visible characters".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }
}

/// Reads the name of a grid; `None` when it is too long or can't be shown.
pub fn parse_grid(text: &str) -> Option<Box<str>> {
    let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

/// A list of filters.
struct Filters;

impl Kind for Filters {
    type Value = Vec<Filter>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<Filter>> {
        let Raw::File(item) = raw else { return None };
        let array = item.as_array()?;
        let filters = array.iter().map(|filter| parse_filter(filter.as_str()?).ok());
        filters.collect::<Option<Vec<_>>>().filter(|filters| filters.len() <= FILTERS_MAX)
    }

    fn show(&self, value: &Vec<Filter>) -> Value {
        Value::Array(value.iter().map(Filter::as_str).collect::<Array>())
    }

    fn expected(&self) -> String {
        format!(
            "a list of at most {FILTERS_MAX} MQTT topic filters, such as [\"patrol/v1/up/#\"], none shared"
        )
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "array"})
    }
}

/// Reads a filter that an application may be given.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn parse_filter(text: &str) -> Result<Filter, String> {
    match Filter::parse(text, FILTER_LIMITS) {
        Ok(filter) if filter.group().is_some() => {
            Err("what an account reaches is said without $share".to_owned())
        }
        Ok(filter) => Ok(filter),
        Err(fault) => Err(fault.to_string()),
    }
}

/// A time, as milliseconds since 1970.
struct Time;

impl Kind for Time {
    type Value = i64;

    fn read(&self, raw: Raw<'_>) -> Option<i64> {
        raw.text()?.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
    }

    fn show(&self, value: &i64) -> Value {
        Value::from(Timestamp::from_millisecond(*value).unwrap_or(Timestamp::MAX).to_string())
    }

    fn expected(&self) -> String {
        "a time in quotes, such as \"2026-11-27T13:00:00Z\"".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }
}

/// How many devices there are of each kind, for people.
pub fn kinds(registry: &Registry) -> BTreeMap<&'static str, usize> {
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
            "[[device]]\nid = \"car-07\"\nkind = \"vehicle\"\ngrid = \"510603001\"\npassword = \"{HASH}\"\n\
             [[device]]\nid = \"cam-01\"\ncertificate = true\nrevoked = true\nenrolled_with = \"{}\"\n\
             [[application]]\nname = \"console\"\nsubscribe = [\"patrol/v1/up/#\"]\npassword = \"{HASH}\"\n\
             [[enrolment]]\ncode = \"{}\"\nuntil = \"2026-11-27T13:00:00Z\"\nleft = 20\nkind = \"camera\"\n",
            "ab".repeat(32),
            "cd".repeat(32),
        );
        let registry = read(&text, "r.toml").unwrap();
        let census = registry.census();
        assert_eq!((census.devices, census.applications, census.revoked, census.enrolments), (2, 1, 1, 1));
        assert_eq!(kinds(&registry), BTreeMap::from([("vehicle", 1), ("other", 1)]));
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
