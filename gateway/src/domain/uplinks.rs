//! The uplinks that stand side by side: who they are, and what each must have before a record is deleted.

use super::report::Class;

/// Uplinks side by side at most.
pub const UPLINKS_MAX: usize = 8;

/// One of the uplinks, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UplinkNo(u8);

impl UplinkNo {
    /// The first one: it speaks to the devices.
    pub const FIRST: UplinkNo = UplinkNo(0);

    /// The uplink at a place; `None` beyond [`UPLINKS_MAX`].
    pub fn new(place: usize) -> Option<UplinkNo> {
        u8::try_from(place).ok().filter(|_| place < UPLINKS_MAX).map(UplinkNo)
    }

    /// All that there can be.
    pub fn all() -> impl Iterator<Item = UplinkNo> {
        (0..UPLINKS_MAX).filter_map(UplinkNo::new)
    }

    /// Its place, from 0.
    pub fn place(self) -> usize {
        usize::from(self.0)
    }
}

/// What an uplink gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UplinkPlan {
    /// Its name: what it has is remembered under it.
    pub name: Box<str>,
    /// The classes it gets.
    pub classes: Vec<Class>,
    /// A record waits for its word before it is deleted.
    pub required: bool,
}

impl UplinkPlan {
    /// The plan of an only uplink: it gets everything.
    pub fn only() -> UplinkPlan {
        UplinkPlan { name: "".into(), classes: Class::ALL.to_vec(), required: true }
    }
}
