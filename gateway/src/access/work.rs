//! What the keeper has done by other threads: passwords verified, files read and written, messages stored.

use std::path::Path;

use super::file::{self, FileError, Stamp};
use super::passwords::{self, PasswordError};
use super::{Asked, enrolling};
use crate::clock;
use crate::domain::registry::{CodeHash, PasswordHash, Registry};
use crate::domain::report::DeviceId;
use crate::store::handle::{NewDown, Store};

/// What costs memory and time of a processor, and waits for its turn.
pub(super) enum Job {
    /// Is the password of the connection the one of this hash? There is none when the account is nobody's.
    Verify { account: Option<(DeviceId, PasswordHash)>, asked: Asked },
    /// Takes a device in.
    Enrol { device: DeviceId, code: CodeHash, asked: Asked },
}

/// What became of a job or an errand.
pub(super) enum Done {
    Verified {
        account: Option<(DeviceId, PasswordHash)>,
        asked: Asked,
        is_right: bool,
    },
    Enrolled {
        device: DeviceId,
        asked: Asked,
        enrolled: Result<Enrolled, EnrolError>,
    },
    /// The device's message is stored, or not.
    Told {
        device: DeviceId,
        asked: Asked,
        is_stored: bool,
    },
    /// The file was read; `after` says how often the registry had changed when that began.
    Loaded {
        after: u64,
        loaded: Result<(Registry, Option<Stamp>), FileError>,
    },
    /// A device's code is used up.
    Confirmed {
        confirmed: Result<(Registry, Option<Stamp>), FileError>,
    },
}

/// The registry with the new device in it, and its password.
pub(super) struct Enrolled {
    pub(super) registry: Registry,
    pub(super) stamp: Option<Stamp>,
    pub(super) password: String,
}

/// Why a device could not be taken in.
#[derive(Debug, thiserror::Error)]
pub(super) enum EnrolError {
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    File(#[from] FileError),
}

impl Job {
    pub(super) fn asked(&self) -> &Asked {
        match self {
            Job::Verify { asked, .. } | Job::Enrol { asked, .. } => asked,
        }
    }

    pub(super) fn into_asked(self) -> Asked {
        match self {
            Job::Verify { asked, .. } | Job::Enrol { asked, .. } => asked,
        }
    }

    /// Does it; takes some 20 ms of a small box.
    pub(super) fn run(self, path: &Path) -> Done {
        match self {
            Job::Verify { account, asked } => {
                let password = asked.password.as_deref().unwrap_or_default();
                let is_right = passwords::verify(account.as_ref().map(|(_, hash)| hash), password);
                Done::Verified { account, asked, is_right }
            }
            Job::Enrol { device, code, asked } => {
                let enrolled = enrol(path, &device, &code);
                Done::Enrolled { device, asked, enrolled }
            }
        }
    }
}

fn enrol(path: &Path, device: &DeviceId, code: &CodeHash) -> Result<Enrolled, EnrolError> {
    let password = passwords::generate()?;
    let hash = passwords::hash(&password)?;
    let now_ms = clock::unix_ms();
    let (registry, stamp, ()) = file::edit(path, |registry| registry.enrol(code, device, hash, now_ms))?;
    Ok(Enrolled { registry, stamp, password })
}

/// The device has used its password: its code is used up.
pub(super) fn confirm(path: &Path, device: &DeviceId) -> Done {
    let confirmed = file::edit(path, |registry| {
        registry.confirm(device);
        Ok(())
    });
    Done::Confirmed { confirmed: confirmed.map(|(registry, stamp, ())| (registry, stamp)) }
}

/// Stores the message with a device's password.
pub(super) async fn tell(store: Store, device: DeviceId, password: String, asked: Asked) -> Done {
    let payload = enrolling::message(&device, &password);
    let created_at_ms = clock::unix_ms();
    let message = NewDown { device: device.clone(), kind: enrolling::KIND, created_at_ms, payload };
    let is_stored = store.send_down(message).await.is_ok();
    Done::Told { device, asked, is_stored }
}
