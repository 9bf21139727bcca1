//! `[[joint]]`: joint enforcement.

use super::super::entry::{At, EntryReader};
use super::{entries, parts};
use crate::domain::area::RADIUS_MAX_M;
use crate::domain::rules::ITEMS_MAX;
use crate::domain::rules::section::{JointPlace, JointRecipient, JointRule, Party, View};

pub(super) const KEYS: [&str; 11] = [
    "name",
    "codes",
    "places",
    "roads",
    "points",
    "within_m",
    "grids",
    "joint_grids",
    "days",
    "hours",
    "recipients",
];
pub(super) const RECIPIENT: [&str; 3] = ["party", "unit", "view"];
/// Keys of which each says where the rule holds.
const WHERE: [&str; 5] = ["places", "roads", "points", "grids", "joint_grids"];

pub(super) const PARTIES: [(&str, Party); 3] = [
    ("urban_management", Party::UrbanManagement),
    ("police", Party::Police),
    ("comprehensive_governance", Party::ComprehensiveGovernance),
];
pub(super) const VIEWS: [(&str, View); 2] = [("full", View::Full), ("minimal", View::Minimal)];

pub(super) fn read(reader: &mut EntryReader<'_>, at: &At<'_>) -> Vec<JointRule> {
    let mut names = parts::Names::default();
    let tables = entries(reader, at, "joint");
    tables.iter().filter_map(|at| rule(reader, at, &mut names)).collect()
}

fn rule(reader: &mut EntryReader<'_>, at: &At<'_>, names: &mut parts::Names) -> Option<JointRule> {
    reader.only(at, &KEYS);
    let name = names.read(reader, at);
    let codes = parts::codes(reader, at, "codes");
    let place = place(reader, at);
    let hours = parts::hours(reader, at);
    let recipients = recipients(reader, at);
    Some(JointRule { name: name?, codes: codes?, place, hours, recipients })
}

fn place(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<JointPlace> {
    let expected = "names of places on the map";
    let places = parts::texts(reader, at, "places", expected, |name| Some(name.trim().into()));
    let mut flag =
        |name: &str| reader.value(at, name, "true or false", |item| item.as_bool()).unwrap_or(false);
    let (roads, points, joint_grids) = (flag("roads"), flag("points"), flag("joint_grids"));
    let metres = format!("metres, 0 to {RADIUS_MAX_M}");
    let within_m = reader.value(at, "within_m", &metres, |item| parts::number(item, 0.0, RADIUS_MAX_M));
    let grids = parts::grids(reader, at, "grids");
    let place = JointPlace {
        places: places.unwrap_or_default(),
        roads,
        points,
        within_m: within_m.unwrap_or(0.0),
        grids: grids.unwrap_or_default(),
        joint_grids,
    };
    if at.table.contains_key("within_m") != place.is_on_the_map() {
        reader.refuse(at, "within_m", "metres beside places, roads or points, and only there");
    }
    WHERE.iter().any(|key| at.table.contains_key(key)).then_some(place)
}

fn recipients(reader: &mut EntryReader<'_>, at: &At<'_>) -> Vec<JointRecipient> {
    let tables = reader.tables(at, "recipients");
    let found = tables.len();
    if found == 0 || found > ITEMS_MAX {
        let expected = format!("1 to {ITEMS_MAX} tables {{ party = ..., unit = ..., view = ... }}");
        reader.refuse_at(at.place("recipients"), at.key("recipients"), &expected, found.to_string());
    }
    tables.iter().take(ITEMS_MAX).filter_map(|at| recipient(reader, at)).collect()
}

/// The police never get more than a minimal copy.
fn recipient(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<JointRecipient> {
    reader.only(at, &RECIPIENT);
    let expected = "\"urban_management\", \"police\" or \"comprehensive_governance\"";
    let party = parts::needed(reader, at, "party", expected, |item| parts::one_of(&PARTIES, item));
    let unit = parts::unit(reader, at, "unit");
    let view = reader.value(at, "view", "\"full\" or \"minimal\"", |item| parts::one_of(&VIEWS, item));
    let view = match (party?, view) {
        (Party::Police, Some(View::Full)) => {
            reader.refuse(at, "view", "\"minimal\" for the police");
            return None;
        }
        (Party::Police, _) => View::Minimal,
        (_, view) => view.unwrap_or(View::Full),
    };
    Some(JointRecipient { party: party?, unit: unit?, view })
}
