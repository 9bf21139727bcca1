//! Who belongs where, and who rides in what: the part of the registry that reports are judged by.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::Registry;
use super::report::DeviceId;

/// Where the known devices belong. Made anew when the registry changes; shared by reference counting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roster {
    members: BTreeMap<DeviceId, Member>,
    carriers: BTreeSet<DeviceId>,
}

/// Where a device belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Code of its home grid, or the beginning of it: a community's or a street's code.
    pub home_grid: Option<Box<str>>,
    /// The vehicle that carries it.
    pub vehicle: Option<DeviceId>,
}

impl Roster {
    /// The roster of a registry. Devices of which it says neither are not in it.
    pub fn of(registry: &Registry) -> Roster {
        let placed = registry.devices().filter(|entry| entry.home_grid.is_some() || entry.vehicle.is_some());
        let members: BTreeMap<_, _> = placed
            .map(|entry| {
                let vehicle = entry.vehicle.clone().filter(|vehicle| *vehicle != entry.id);
                (entry.id.clone(), Member { home_grid: entry.home_grid.clone(), vehicle })
            })
            .collect();
        let carriers = members.values().filter_map(|member| member.vehicle.clone()).collect();
        Roster { members, carriers }
    }

    /// Where a device belongs, if anybody said so.
    pub fn member(&self, device: &DeviceId) -> Option<&Member> {
        self.members.get(device)
    }

    /// True for the unit of a vehicle that carries devices: its positions are theirs.
    pub fn is_carrier(&self, device: &DeviceId) -> bool {
        self.carriers.contains(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::registry::{Credentials, DeviceEntry, DeviceKind};

    #[test]
    fn a_vehicle_is_a_carrier_as_soon_as_it_carries_another_device_than_itself() {
        let id = |text: &str| DeviceId::parse(text).unwrap();
        let mut registry = Registry::default();
        for (name, vehicle) in [("pad-01", Some("car-07")), ("car-08", Some("car-08")), ("car-07", None)] {
            let entry = DeviceEntry {
                id: id(name),
                kind: DeviceKind::Other,
                home_grid: None,
                vehicle: vehicle.map(id),
                credentials: Credentials::default(),
                enrolled_with: None,
            };
            registry.add_device(entry).unwrap();
        }
        let roster = Roster::of(&registry);
        assert!(roster.is_carrier(&id("car-07")) && !roster.is_carrier(&id("car-08")));
        assert_eq!(roster.member(&id("pad-01")).unwrap().vehicle, Some(id("car-07")));
        assert_eq!(roster.member(&id("car-07")), None);
    }
}
