//! What a carrier to a case system works with, whatever the system speaks: its server, its services, and the intents.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::case::{Case, Unreadable};
use super::http::Http;
use super::intents::Intents;
use super::services::Services;
use super::{SetupError, secret};
use crate::config::{Uplink, Way};
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::{Decision, Pending};

/// What one such uplink has.
pub(in crate::uplink) struct Desk {
    pub(in crate::uplink) gateway_id: String,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
    pub(in crate::uplink) http: Http,
    pub(in crate::uplink) services: Services,
    pub(in crate::uplink) intents: Intents,
    pub(in crate::uplink) jurisdiction: Option<String>,
    pub(in crate::uplink) key_file: Option<PathBuf>,
    pub(in crate::uplink) timeout: Duration,
}

/// One incident, or a record that is none: a parcel.
#[derive(Debug)]
pub struct One {
    pub(in crate::uplink) case: Result<Case, Unreadable>,
    pub(in crate::uplink) wire_bytes: usize,
}

impl Desk {
    /// Reads the files that the configuration names. The intents are a file in `data_dir`, named after the uplink.
    pub(in crate::uplink) fn open(
        uplink: &Uplink,
        gateway_id: String,
        coordinates: Coordinates,
        data_dir: &Path,
    ) -> Result<Desk, SetupError> {
        let (jurisdiction, services) = match &uplink.way {
            Way::Open311(way) | Way::City(way) => (way.jurisdiction.clone(), way.services.as_deref()),
            _ => (None, None),
        };
        if let Some(path) = &uplink.token_file {
            secret(path)?;
        }
        Ok(Desk {
            gateway_id,
            coordinates,
            http: Http::new(uplink)?,
            services: Services::read(services)?,
            intents: Intents::open(&data_dir.join(format!("uplink-{}.intents", uplink.name)))?,
            jurisdiction,
            key_file: uplink.token_file.clone(),
            timeout: uplink.timeout,
        })
    }

    /// The case of the first record.
    pub(in crate::uplink) fn case(&self, records: &[&Pending]) -> Result<Case, Unreadable> {
        let first = records.first().ok_or(Unreadable)?;
        Case::of(&self.gateway_id, self.coordinates, first)
    }
}

/// It is a case of this number.
pub(in crate::uplink) fn accepted(number: String) -> Decision {
    Decision::Accepted { case_number: Some(number) }
}
