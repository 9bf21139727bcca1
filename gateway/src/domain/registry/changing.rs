//! How a registry is changed.

use super::{
    ACCOUNTS_MAX, AccountKind, ApplicationEntry, Credentials, DeviceEntry, ENROL_USER, PasswordHash,
    Registry, RegistryFault,
};
use crate::domain::report::DeviceId;

/// What is to change about where a device belongs; `None` stays as it is, `Some(None)` is taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assigning {
    /// The grid where it belongs.
    pub home_grid: Option<Option<Box<str>>>,
    /// The vehicle that carries it.
    pub vehicle: Option<Option<DeviceId>>,
}

impl Registry {
    /// Adds a device.
    ///
    /// # Errors
    /// [`RegistryFault`]: its name is taken, or there is no room.
    pub fn add_device(&mut self, entry: DeviceEntry) -> Result<(), RegistryFault> {
        self.check_free(&entry.id)?;
        self.devices.insert(entry.id.clone(), entry);
        Ok(())
    }

    /// Adds an application.
    ///
    /// # Errors
    /// [`RegistryFault`]: its name is taken, or there is no room.
    pub fn add_application(&mut self, entry: ApplicationEntry) -> Result<(), RegistryFault> {
        self.check_free(&entry.application.name)?;
        self.applications.insert(entry.application.name.clone(), entry);
        Ok(())
    }

    pub(super) fn check_free(&self, name: &DeviceId) -> Result<(), RegistryFault> {
        if name.as_str() == ENROL_USER {
            return Err(RegistryFault::Reserved);
        }
        if self.credentials(name).is_some() {
            return Err(RegistryFault::Taken(name.clone()));
        }
        if self.devices.len() + self.applications.len() >= ACCOUNTS_MAX {
            return Err(RegistryFault::Full(ACCOUNTS_MAX));
        }
        Ok(())
    }

    /// Says where a device belongs and which vehicle carries it.
    ///
    /// # Errors
    /// [`RegistryFault::Nobody`].
    pub fn assign(&mut self, device: &DeviceId, assignment: Assigning) -> Result<(), RegistryFault> {
        let entry = self.devices.get_mut(device).ok_or_else(|| RegistryFault::Nobody(device.clone()))?;
        if let Some(home_grid) = assignment.home_grid {
            entry.home_grid = home_grid;
        }
        if let Some(vehicle) = assignment.vehicle {
            entry.vehicle = vehicle;
        }
        Ok(())
    }

    /// Gives an account another password; a revoked one is good again.
    ///
    /// # Errors
    /// [`RegistryFault::Nobody`].
    pub fn rotate(
        &mut self,
        kind: AccountKind,
        name: &DeviceId,
        password: PasswordHash,
    ) -> Result<(), RegistryFault> {
        let credentials = self.credentials_mut(kind, name)?;
        (credentials.password, credentials.revoked) = (Some(password), false);
        if let Some(device) = self.devices.get_mut(name) {
            device.enrolled_with = None;
        }
        Ok(())
    }

    /// Closes an account; it stays listed.
    ///
    /// # Errors
    /// [`RegistryFault::Nobody`].
    pub fn revoke(&mut self, kind: AccountKind, name: &DeviceId) -> Result<(), RegistryFault> {
        self.credentials_mut(kind, name)?.revoked = true;
        if let Some(device) = self.devices.get_mut(name) {
            device.enrolled_with = None;
        }
        Ok(())
    }

    fn credentials_mut(
        &mut self,
        kind: AccountKind,
        name: &DeviceId,
    ) -> Result<&mut Credentials, RegistryFault> {
        let found = match kind {
            AccountKind::Device => self.devices.get_mut(name).map(|device| &mut device.credentials),
            AccountKind::Application => {
                self.applications.get_mut(name).map(|application| &mut application.credentials)
            }
        };
        found.ok_or_else(|| RegistryFault::Nobody(name.clone()))
    }
}
