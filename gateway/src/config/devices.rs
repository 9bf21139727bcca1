//! `[devices]`: what devices must prove.

use std::path::PathBuf;

use super::kinds::{Choice, FilePath};
use super::read::Checks;
use super::value::Keys;
use crate::domain::keyring::Unlisted;

/// `[devices]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices {
    /// File of the devices' keys; without one no device is listed.
    pub keys: Option<PathBuf>,
    /// What becomes of devices that are not in it.
    pub unlisted: Unlisted,
    /// File of the registry; left out: `registry.toml` in the data folder.
    pub registry: Option<PathBuf>,
}

const UNLISTED: &[(&str, Unlisted)] = &[("accept", Unlisted::Accept), ("refuse", Unlisted::Refuse)];

impl Devices {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("devices");
        keys.optional("keys", FilePath, &mut self.keys);
        keys.key("unlisted", Choice(UNLISTED), &mut self.unlisted);
        keys.optional("registry", FilePath, &mut self.registry);
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        // It would take nothing from anybody.
        checks.require(
            self.keys.is_some() || self.unlisted == Unlisted::Accept,
            &["devices.unlisted", "devices.keys"],
            "\"accept\", as devices.keys names no file",
        );
    }
}
