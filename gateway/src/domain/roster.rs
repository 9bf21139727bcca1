//! Who belongs where, and who rides in what: the part of the registry that reports are judged by.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::{DeviceKind, Registry};
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
    /// The vehicle that carries it; of a vehicle's own unit that is itself.
    pub vehicle: Option<DeviceId>,
}

impl Roster {
    /// The roster of a registry. Devices of which it says neither are not in it.
    pub fn of(registry: &Registry) -> Roster {
        let members = registry.devices().map(|entry| {
            let itself = || (entry.kind == DeviceKind::Vehicle).then(|| entry.id.clone());
            let vehicle = entry.vehicle.clone().or_else(itself);
            (entry.id.clone(), Member { home_grid: entry.home_grid.clone(), vehicle })
        });
        let members: BTreeMap<_, _> =
            members.filter(|(_, member)| member.home_grid.is_some() || member.vehicle.is_some()).collect();
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
    use crate::domain::registry::{Credentials, DeviceEntry};

    #[test]
    fn a_vehicles_unit_carries_itself_and_whoever_is_bound_to_it() {
        let id = |text: &str| DeviceId::parse(text).unwrap();
        let mut registry = Registry::default();
        let handheld = DeviceKind::Handheld;
        for (name, kind, vehicle) in [
            ("pad-01", handheld, Some("car-07")),
            ("car-08", DeviceKind::Vehicle, None),
            ("pad-02", handheld, None),
        ] {
            let entry = DeviceEntry {
                id: id(name),
                kind,
                home_grid: None,
                vehicle: vehicle.map(id),
                credentials: Credentials::default(),
                enrolled_with: None,
            };
            registry.add_device(entry).unwrap();
        }
        let roster = Roster::of(&registry);
        assert!(roster.is_carrier(&id("car-07")), "also when it is not listed itself");
        assert!(roster.is_carrier(&id("car-08")) && !roster.is_carrier(&id("pad-01")));
        assert_eq!(roster.member(&id("pad-01")).unwrap().vehicle, Some(id("car-07")));
        assert_eq!(roster.member(&id("car-08")).unwrap().vehicle, Some(id("car-08")));
        assert_eq!(roster.member(&id("pad-02")), None);
    }
}
