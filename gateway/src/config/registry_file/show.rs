//! The registry as text.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::kinds::{Code, Filters, Time};
use super::{APPLICATION, DEVICE, ENROLMENT};
use crate::config::entries::Heading;
use crate::config::value::Kind;
use crate::domain::registry::{ApplicationEntry, Credentials, DeviceEntry, Enrolment, Registry};

/// What stands at the top of the file.
const HEAD: &str = "\
# Devices and applications of this gateway, written by `patrol-gateway device` and `patrol-gateway application`.
# It may be edited by hand too: a running gateway notices within seconds. Comments are lost when a command writes it.

";

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
    if let Some(vehicle) = &entry.vehicle {
        table["vehicle"] = value(vehicle.as_str());
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
