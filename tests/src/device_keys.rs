//! Devices with keys: what the gateway's file says of them, and how they seal frames.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use firmware_protocol::{DeviceSecret, DeviceTag, Direction, FrameKey, Suite};

use crate::world::World;

/// One secret of one device.
#[derive(Debug, Clone, Copy)]
pub struct DeviceKey {
    /// The device's id.
    pub device: &'static str,
    /// How tags are made.
    pub suite: Suite,
    /// Tells the device's secrets apart.
    pub key_id: u8,
    /// Every byte of the secret.
    pub fill: u8,
}

impl DeviceKey {
    /// What the device seals its frames with.
    pub fn up(&self) -> FrameKey {
        self.frame_key(Direction::Up)
    }

    /// What the gateway seals frames for the device with.
    pub fn down(&self) -> FrameKey {
        self.frame_key(Direction::Down)
    }

    fn frame_key(&self, direction: Direction) -> FrameKey {
        let (secret, device) = (DeviceSecret::new([self.fill; 32]), DeviceTag::of(self.device));
        let key = secret.frame_key(self.suite, self.key_id, direction, device);
        key.unwrap_or_else(|| panic!("these tests are built without {}", self.suite))
    }

    /// Its entry in the gateway's file.
    pub fn entry(&self) -> String {
        let DeviceKey { device, suite, key_id, fill } = self;
        let suite = suite.to_string().to_lowercase();
        let secret = format!("{fill:02x}").repeat(32);
        format!(
            "[[device]]\nid = \"{device}\"\nkey_id = {key_id}\nsuite = \"{suite}\"\nsecret = \"{secret}\"\n"
        )
    }
}

/// Writes a file of these keys that only its owner may read.
///
/// # Panics
/// When it can't be written.
pub fn key_file(world: &World, keys: &[DeviceKey]) -> PathBuf {
    let path = world.file("device-keys.toml", keys.iter().map(DeviceKey::entry).collect::<String>());
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a file of our own");
    path
}
