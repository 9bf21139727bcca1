//! How large a fleet is and what it does.

use std::time::Duration;

use super::persona::Persona;
use crate::device::Encoding;
use crate::keys::Keys;

/// Records a device keeps while nobody acknowledges them; beyond that it makes none.
pub const OUTBOX_MAX: u16 = 10_000;
/// Publishes in flight on a connection unless told otherwise.
pub const WINDOW: u16 = 20;
/// Least time between two photos of a vehicle unless told otherwise.
pub const PHOTO_PERIOD: Duration = Duration::from_secs(15);

/// How large a fleet and what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetOptions {
    /// The gateway's host.
    pub host: String,
    /// The gateway's MQTT port.
    pub port: u16,
    /// Vehicles: `car-01`, `car-02`, ...
    pub vehicles: u16,
    /// Cameras: `cam-01`, ...
    pub cameras: u16,
    /// Sensors: `sen-01`, ...
    pub sensors: u16,
    /// Records a second of each vehicle, on average.
    pub vehicle_rate: f64,
    /// Records a second of each camera, on average.
    pub camera_rate: f64,
    /// Records a second of each sensor, on average.
    pub sensor_rate: f64,
    /// Least time between two photos of a vehicle; `None`: no photos.
    pub photo_period: Option<Duration>,
    /// Records in flight on a connection.
    pub window: u16,
    /// Which devices have a secret.
    pub keys: Keys,
    /// Boot counter of all devices. A later run against the same gateway needs a higher one.
    pub boot: u32,
    /// Seed of places, routes, findings and jitter.
    pub seed: u64,
}

impl FleetOptions {
    /// Twelve vehicles, four cameras and four sensors with the rates of a lively street: 5, 1 and 1 record a second.
    pub fn new(host: &str, port: u16) -> FleetOptions {
        FleetOptions {
            host: host.to_owned(),
            port,
            vehicles: 12,
            cameras: 4,
            sensors: 4,
            vehicle_rate: 5.0,
            camera_rate: 1.0,
            sensor_rate: 1.0,
            photo_period: Some(PHOTO_PERIOD),
            window: WINDOW,
            keys: Keys::default(),
            boot: 1,
            seed: 1,
        }
    }

    /// The same `rate` of records a second for every device.
    #[must_use]
    pub fn with_rate(self, rate: f64) -> FleetOptions {
        FleetOptions { vehicle_rate: rate, camera_rate: rate, sensor_rate: rate, ..self }
    }

    /// The ids of the devices that speak frames without being given a key.
    pub fn frame_speakers(&self) -> Vec<String> {
        let vehicles = (1..=self.vehicles).map(|number| id("car", number));
        let sensors =
            (0..self.sensors).filter(|index| Persona::sensor((*index).into()).encoding() == Encoding::Frame);
        vehicles.chain(sensors.map(|index| id("sen", index + 1))).collect()
    }

    /// Devices in all.
    pub fn devices(&self) -> usize {
        usize::from(self.vehicles) + usize::from(self.cameras) + usize::from(self.sensors)
    }
}

/// The id of a device: `car-01`.
pub(super) fn id(kind: &str, number: u16) -> String {
    format!("{kind}-{number:02}")
}
