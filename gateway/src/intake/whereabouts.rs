//! Where the vehicles are that carry devices, and where devices were last: what geotags need beside the report.
//!
//! One owner: the table lies behind a lock that only this module holds, for as long as a position is put in or asked for, and
//! only for devices that carry others or report incidents; the hundreds of thousands a second of others pass by. It starts empty.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::report::{DeviceId, Fix};
use crate::domain::tracks::{Jump, Place, TrackFix, VehicleTrack};

/// Devices whose positions are remembered; the one that was silent longest leaves.
const DEVICES_MAX: usize = 1000;

/// The positions of devices. Cheap to clone: all clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Whereabouts(Arc<Mutex<BTreeMap<DeviceId, VehicleTrack>>>);

impl Whereabouts {
    /// Notes where a device was. Returns how far it would have jumped.
    pub(super) fn note(&self, device: &DeviceId, at_ms: i64, fix: &Fix) -> Option<Jump> {
        let at_ms = at_ms.saturating_sub(fix.fix_age_ms.unwrap_or(0).into());
        let fix = TrackFix { at_ms, at: (fix.lon_deg, fix.lat_deg), accuracy_m: fix.accuracy_m };
        let mut tracks = self.lock();
        if !tracks.contains_key(device) && tracks.len() >= DEVICES_MAX {
            let silent = tracks.iter().min_by_key(|(_, track)| track.newest_ms());
            let silent = silent.map(|(device, _)| device.clone());
            silent.and_then(|device| tracks.remove(&device));
        }
        tracks.entry(device.clone()).or_default().note(fix)
    }

    /// Where a device was at a time.
    pub(super) fn place_at(&self, device: &DeviceId, at_ms: i64) -> Option<Place> {
        self.lock().get(device)?.place_at(at_ms)
    }

    /// Where a device was at a time that nobody vouches for.
    pub(super) fn place_about(&self, device: &DeviceId, at_ms: i64) -> Option<Place> {
        self.lock().get(device)?.place_about(at_ms)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, VehicleTrack>> {
        // What a panic left is a track that lacks a point at worst.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
