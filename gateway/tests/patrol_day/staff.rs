//! The devices of the reporters and cars, and who belongs where.

use patrol_gateway::domain::registry::{Credentials, DeviceEntry, DeviceKind, Registry};
use patrol_gateway::domain::report::DeviceId;
use patrol_gateway::domain::roster::Roster;

use crate::ground::Ground;
use crate::plan::{REPORTERS, car, home};

pub(crate) fn handheld(reporter: usize) -> DeviceId {
    DeviceId::parse(&format!("pad-{reporter:03}")).unwrap()
}

pub(crate) fn car_unit(number: usize) -> DeviceId {
    DeviceId::parse(&format!("car-{number:02}")).unwrap()
}

/// Who belongs where.
pub(crate) fn roster(ground: &Ground) -> Roster {
    let mut registry = Registry::default();
    for reporter in 0..REPORTERS {
        let entry = DeviceEntry {
            id: handheld(reporter),
            kind: DeviceKind::Handheld,
            home_grid: home(reporter).map(|grid| ground.grid(grid).code.as_str().into()),
            vehicle: car(reporter).map(car_unit),
            credentials: Credentials::default(),
            enrolled_with: None,
        };
        registry.add_device(entry).unwrap();
    }
    Roster::of(&registry)
}
