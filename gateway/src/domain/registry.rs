//! The registry: which devices and applications are known here, and what each must show to come in.
//!
//! - Device ids and names of applications are one space: a user name means one account.
//! - No secret is in it: passwords and codes only as hashes.
//! - As soon as anybody in it has something to show, everybody must: [`Registry::asks_for_credentials`].
//!
//! How a connection is judged by it is in [`deciding`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::access::Application;
use super::report::DeviceId;
use super::topic::TopicLimits;

mod changing;
pub mod deciding;
mod enrolling;
mod password_hash;
#[cfg(test)]
mod tests;

pub use changing::Assigning;
pub use enrolling::{CodeHash, Enrolment};
pub use password_hash::PasswordHash;

/// Devices and applications together.
pub const ACCOUNTS_MAX: usize = 10_000;
/// Enrolments that are open at the same time.
pub const ENROLMENTS_MAX: usize = 16;
/// Filters of an application for each direction.
pub const FILTERS_MAX: usize = 64;
/// What an application's filter may have at most.
pub const FILTER_LIMITS: TopicLimits = TopicLimits { bytes_max: 256, levels_max: 16 };
/// The user name of a device that has only a code yet. No account has this name.
pub const ENROL_USER: &str = "enrol";

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceKind {
    /// On a vehicle.
    Vehicle,
    /// Carried by a person.
    Handheld,
    /// A camera.
    Camera,
    /// A sensor.
    Sensor,
    /// Anything else, or nobody said.
    #[default]
    Other,
}

impl DeviceKind {
    /// All of them.
    pub const ALL: [DeviceKind; 5] = [
        DeviceKind::Vehicle,
        DeviceKind::Handheld,
        DeviceKind::Camera,
        DeviceKind::Sensor,
        DeviceKind::Other,
    ];

    /// Its name in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeviceKind::Vehicle => "vehicle",
            DeviceKind::Handheld => "handheld",
            DeviceKind::Camera => "camera",
            DeviceKind::Sensor => "sensor",
            DeviceKind::Other => "other",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<DeviceKind> {
        DeviceKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What an account can show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// The hash of its password.
    pub password: Option<PasswordHash>,
    /// A verified client certificate whose common name is the account's will do.
    pub certificate: bool,
    /// Nothing it shows is good any more.
    pub revoked: bool,
}

impl Credentials {
    /// True when it could ever have come in by showing something.
    fn are_any(&self) -> bool {
        self.password.is_some() || self.certificate || self.revoked
    }
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEntry {
    /// Its id, and its user name.
    pub id: DeviceId,
    /// What it is.
    pub kind: DeviceKind,
    /// The grid where it belongs.
    pub home_grid: Option<Box<str>>,
    /// The vehicle that carries it, by that one's own unit.
    pub vehicle: Option<DeviceId>,
    /// What it can show.
    pub credentials: Credentials,
    /// The code that it enrolled with, until it has used its password: it may ask for another one until then.
    pub enrolled_with: Option<CodeHash>,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationEntry {
    /// Its name, and what it reaches.
    pub application: Arc<Application>,
    /// What it can show.
    pub credentials: Credentials,
}

/// Why a registry is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFault {
    /// A device or application has the name already.
    #[error("{0} is there already")]
    Taken(DeviceId),
    /// Nobody has the name.
    #[error("there is no {0}")]
    Nobody(DeviceId),
    /// The name means something else.
    #[error("\"{ENROL_USER}\" is the user name of devices that enrol")]
    Reserved,
    /// The code does not let the device in, or not any more.
    #[error("the code does not let {0} in")]
    Code(DeviceId),
    /// There is no room for another one.
    #[error("no more than {0}")]
    Full(usize),
}

/// Whose account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A device's.
    Device,
    /// An application's.
    Application,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Devices.
    pub devices: usize,
    /// Applications.
    pub applications: usize,
    /// Of both: revoked.
    pub revoked: usize,
    /// Enrolments that are not used up.
    pub enrolments: usize,
}

/// All devices and applications.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Registry {
    devices: BTreeMap<DeviceId, DeviceEntry>,
    applications: BTreeMap<DeviceId, ApplicationEntry>,
    enrolments: Vec<Enrolment>,
}

impl Registry {
    /// True when whoever connects must show something: from the first account on that has something to show, and while devices
    /// may enrol. A revoked account counts, so that revoking the last one opens nothing.
    pub fn asks_for_credentials(&self) -> bool {
        !self.enrolments.is_empty() || self.all_credentials().any(Credentials::are_any)
    }

    fn all_credentials(&self) -> impl Iterator<Item = &Credentials> {
        let devices = self.devices.values().map(|device| &device.credentials);
        devices.chain(self.applications.values().map(|application| &application.credentials))
    }

    /// How many there are.
    pub fn census(&self) -> Census {
        Census {
            devices: self.devices.len(),
            applications: self.applications.len(),
            revoked: self.all_credentials().filter(|credentials| credentials.revoked).count(),
            enrolments: self.enrolments.len(),
        }
    }

    /// The devices, by id.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceEntry> {
        self.devices.values()
    }

    /// The applications, by name.
    pub fn applications(&self) -> impl Iterator<Item = &ApplicationEntry> {
        self.applications.values()
    }

    /// The enrolments, oldest first.
    pub fn enrolments(&self) -> &[Enrolment] {
        &self.enrolments
    }

    /// The device of this id.
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceEntry> {
        self.devices.get(id)
    }

    /// What the account of this name can show.
    pub fn credentials(&self, name: &DeviceId) -> Option<&Credentials> {
        match self.devices.get(name) {
            Some(device) => Some(&device.credentials),
            None => self.applications.get(name).map(|application| &application.credentials),
        }
    }

    /// True when sessions of this account must end as `newer` comes into force: what it can show, or what it reaches, is another.
    pub fn is_superseded(&self, newer: &Registry, name: &DeviceId) -> bool {
        let reach =
            |registry: &Registry| registry.applications.get(name).map(|entry| entry.application.clone());
        self.credentials(name) != newer.credentials(name) || reach(self) != reach(newer)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.census(), f)
    }
}
