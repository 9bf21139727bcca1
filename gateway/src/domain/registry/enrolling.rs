//! Enrolment: a code by which devices that are not known yet become so, a few of them, for a while.

use std::fmt;

use super::{Credentials, DeviceEntry, DeviceKind, ENROLMENTS_MAX, PasswordHash, Registry, RegistryFault};
use crate::domain::report::DeviceId;

/// The SHA-256 of a code. A code is 120 bits of chance: nobody tries them all, so a fast hash will do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeHash([u8; 32]);

impl CodeHash {
    /// From the hash itself.
    pub fn new(hash: [u8; 32]) -> CodeHash {
        CodeHash(hash)
    }

    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash")
    }
}

/// An enrolment. It ends by the machine's clock, which may be wrong, and by its count, which is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The hash of its code.
    pub code: CodeHash,
    /// When it ends, by the machine's clock.
    pub until_ms: i64,
    /// Devices that may still come; never 0.
    pub left: u32,
    /// What they are.
    pub kind: DeviceKind,
}

impl Registry {
    /// Opens an enrolment. Those that are over by the clock leave.
    ///
    /// # Errors
    /// [`RegistryFault::Full`].
    pub fn open_enrolment(&mut self, enrolment: Enrolment, now_ms: i64) -> Result<(), RegistryFault> {
        self.end_enrolments(now_ms);
        if self.enrolments.len() >= ENROLMENTS_MAX {
            return Err(RegistryFault::Full(ENROLMENTS_MAX));
        }
        self.enrolments.push(enrolment);
        Ok(())
    }

    /// Forgets the enrolments that are over by the clock.
    pub fn end_enrolments(&mut self, now_ms: i64) {
        self.enrolments.retain(|enrolment| now_ms < enrolment.until_ms);
    }

    /// The enrolment by which this device may come in now: a device that is not known, or one that came by this very code and has not
    /// used its password yet. It then may have lost the answer.
    pub fn may_enrol(&self, code: &CodeHash, device: &DeviceId, now_ms: i64) -> bool {
        let is_open = self.enrolments.iter().any(|open| open.code == *code && now_ms < open.until_ms);
        match self.devices.get(device) {
            Some(entry) => entry.enrolled_with == Some(*code) && !entry.credentials.revoked,
            None => is_open && self.check_free(device).is_ok(),
        }
    }

    /// Takes a device in that [`Registry::may_enrol`].
    ///
    /// # Errors
    /// [`RegistryFault::Code`]: it may not.
    pub fn enrol(
        &mut self,
        code: &CodeHash,
        device: &DeviceId,
        password: PasswordHash,
        now_ms: i64,
    ) -> Result<(), RegistryFault> {
        if !self.may_enrol(code, device, now_ms) {
            return Err(RegistryFault::Code(device.clone()));
        }
        if let Some(entry) = self.devices.get_mut(device) {
            entry.credentials.password = Some(password);
            return Ok(());
        }
        let mut kind = DeviceKind::Other;
        for open in self.enrolments.iter_mut().filter(|open| open.code == *code) {
            (kind, open.left) = (open.kind, open.left.saturating_sub(1));
        }
        self.enrolments.retain(|open| open.left > 0);
        let credentials = Credentials { password: Some(password), ..Credentials::default() };
        let (id, enrolled_with) = (device.clone(), Some(*code));
        let entry = DeviceEntry { id, kind, home_grid: None, vehicle: None, credentials, enrolled_with };
        self.devices.insert(device.clone(), entry);
        Ok(())
    }

    /// The device has used its password: its code is used up. False when it was before.
    pub fn confirm(&mut self, device: &DeviceId) -> bool {
        self.devices.get_mut(device).is_some_and(|entry| entry.enrolled_with.take().is_some())
    }
}
