//! A device on its way.

use patrol_gateway::domain::report::DeviceId;

use super::Chance;

/// Monday, 2026-11-23, 09:00 in Deyang.
const START_UNIX_MS: i64 = 1_795_395_600_000;
const METRES_PER_DEGREE: f64 = 111_320.0;
const SPEED_KMH_MAX: f64 = 60.0;

/// How a device's firmware writes JSON, and which fields it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// A space after `:` and `,`.
    pub(crate) spaced: bool,
    /// Times end with `Z` instead of an offset.
    pub(crate) utc: bool,
    pub(crate) time_quality: bool,
    pub(crate) fix_age: bool,
    pub(crate) battery: bool,
    pub(crate) odometer: bool,
    /// Digits of degrees after the point.
    pub(crate) digits: usize,
}

/// A device, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) habits: Habits,
    pub(crate) boot: u32,
    pub(crate) seq: u32,
    pub(crate) unix_ms: i64,
    pub(crate) lon_deg: f64,
    pub(crate) lat_deg: f64,
    pub(crate) accuracy_m: f64,
    pub(crate) speed_kmh: f64,
    pub(crate) heading_deg: f64,
    pub(crate) odometer_m: f64,
    pub(crate) battery_percent: f64,
    interval_ms: i64,
}

impl Device {
    pub(crate) fn new(number: usize, chance: &mut Chance) -> Device {
        let name = format!("{}-{number:02}", chance.one_of(&["car", "ebike", "walker", "post"]));
        let one_in = |chance: &mut Chance, n: u64| chance.below(n) == 0;
        Device {
            id: DeviceId::parse(&name).expect("it has the form of a device id"),
            habits: Habits {
                spaced: one_in(chance, 4),
                utc: one_in(chance, 4),
                time_quality: one_in(chance, 4),
                fix_age: one_in(chance, 4),
                battery: one_in(chance, 4),
                odometer: one_in(chance, 2),
                digits: chance.one_of(&[6, 7]),
            },
            boot: 1 + chance.below(200) as u32,
            seq: chance.below(200_000) as u32,
            unix_ms: START_UNIX_MS + chance.below(10_000) as i64,
            lon_deg: chance.between(104.3, 104.5),
            lat_deg: chance.between(31.05, 31.2),
            accuracy_m: chance.between(1.5, 8.0),
            speed_kmh: chance.between(0.0, 40.0),
            heading_deg: chance.between(0.0, 360.0),
            odometer_m: chance.between(1e3, 2e5),
            battery_percent: chance.between(30.0, 100.0),
            interval_ms: chance.one_of(&[1000, 1000, 5000, 10_000]),
        }
    }

    /// One interval later.
    pub(super) fn go_on(&mut self, chance: &mut Chance) {
        self.seq += 1;
        self.unix_ms += self.interval_ms + chance.below(7) as i64 - 3;
        self.speed_kmh = (self.speed_kmh + chance.between(-4.0, 4.0)).clamp(0.0, SPEED_KMH_MAX);
        self.heading_deg = (self.heading_deg + chance.between(-12.0, 12.0)).rem_euclid(360.0);
        self.accuracy_m = (self.accuracy_m + chance.between(-0.3, 0.3)).clamp(1.0, 15.0);
        let way_m = self.speed_kmh / 3.6 * self.interval_ms as f64 / 1000.0;
        let heading = self.heading_deg.to_radians();
        self.lat_deg += way_m * heading.cos() / METRES_PER_DEGREE;
        self.lon_deg += way_m * heading.sin() / (METRES_PER_DEGREE * self.lat_deg.to_radians().cos());
        self.odometer_m += way_m;
        self.battery_percent = (self.battery_percent - 0.002).max(1.0);
    }
}
