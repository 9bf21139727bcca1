//! The devices that the way down attends to, so many at most: the one idle longest makes room.

use std::collections::{BTreeMap, HashMap};

use crate::domain::report::DeviceId;

/// Devices that are attended to; what waits for another one stays in the store until it sends something.
const DEVICES_MAX: usize = 10_000;

/// Who is attended to, and when each has last sent something.
#[derive(Debug, Default)]
pub(super) struct Attended {
    by_device: HashMap<DeviceId, u64>,
    by_use: BTreeMap<u64, DeviceId>,
    uses: u64,
}

impl Attended {
    /// A device has sent something; false when it is not attended to.
    pub(super) fn touch(&mut self, device: &DeviceId) -> bool {
        let Some(used) = self.by_device.get_mut(device) else { return false };
        self.by_use.remove(used);
        self.uses += 1;
        *used = self.uses;
        self.by_use.insert(self.uses, device.clone());
        true
    }

    /// Who has to leave before another one is attended to.
    pub(super) fn in_the_way(&self) -> Option<&DeviceId> {
        self.by_use.values().next().filter(|_| self.by_use.len() >= DEVICES_MAX)
    }

    /// A device is attended to from now on.
    pub(super) fn add(&mut self, device: DeviceId) {
        self.uses += 1;
        self.by_use.insert(self.uses, device.clone());
        self.by_device.insert(device, self.uses);
    }

    /// A device is not attended to any more.
    pub(super) fn remove(&mut self, device: &DeviceId) {
        if let Some(used) = self.by_device.remove(device) {
            self.by_use.remove(&used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: usize) -> DeviceId {
        DeviceId::parse(&format!("car-{number}")).unwrap()
    }

    #[test]
    fn the_device_idle_longest_makes_room_for_a_new_one() {
        let mut attended = Attended::default();
        for number in 0..DEVICES_MAX {
            assert_eq!(attended.in_the_way(), None);
            attended.add(device(number));
        }
        assert!(attended.touch(&device(0)));
        assert_eq!(attended.in_the_way(), Some(&device(1)), "the first one has sent something since");
        attended.remove(&device(1));
        assert!(!attended.touch(&device(1)) && attended.in_the_way().is_none());
        attended.add(device(DEVICES_MAX));
        assert_eq!(attended.in_the_way(), Some(&device(2)));
        assert_eq!(attended.by_device.len(), attended.by_use.len());
    }
}
