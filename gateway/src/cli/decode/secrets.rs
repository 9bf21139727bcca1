//! Whether the tag is right, as far as somebody gave the means to tell.

use std::path::Path;

use firmware_protocol::{DecodeError, DeviceSecret, DeviceTag, Direction, FrameKey, Header, Suite, open};
use serde_json::{Value, json};

use super::input::to_hex;
use crate::config::key_file::parse_secret;
use crate::domain::keyring::Credential;
use crate::domain::report::DeviceId;
use crate::keys;

/// What tags are checked with.
pub(super) enum Secrets {
    /// Nothing: only CRC-32C is checked.
    None,
    /// One secret, of this device or of whichever the frame names.
    One { secret: DeviceSecret, device: Option<DeviceId> },
    /// Those of the gateway's file.
    File(Vec<(DeviceId, Credential)>),
}

/// What became of a tag.
pub(super) enum Check {
    Right(Option<Direction>),
    Wrong(DecodeError),
    /// There is nothing to check it with; nobody asked for more.
    NotChecked,
    /// The means that were given don't fit the frame.
    NoKey(String),
}

impl Secrets {
    /// The means of the command line; an error is for the person who typed it.
    pub(super) fn of(
        key: Option<&str>,
        device: Option<&str>,
        keys: Option<&Path>,
    ) -> Result<Secrets, String> {
        if let Some(path) = keys {
            return keys::read(path)
                .map(|(entries, _)| Secrets::File(entries))
                .map_err(|error| error.to_string());
        }
        let Some(key) = key else { return Ok(Secrets::None) };
        let secret = parse_secret(key).ok_or("--key: 64 hexadecimal digits are a secret")?;
        let parse = |id| DeviceId::parse(id).ok_or(format!("--device: {id:?} is no device id"));
        Ok(Secrets::One { secret: DeviceSecret::new(secret), device: device.map(parse).transpose()? })
    }

    /// The id behind a device's eight bytes, if it is known from elsewhere.
    pub(super) fn device_name(&self, tag: DeviceTag) -> Option<String> {
        let known = match self {
            Secrets::One { device: Some(device), .. } => vec![device],
            Secrets::File(entries) => entries.iter().map(|(device, _)| device).collect(),
            _ => Vec::new(),
        };
        known.into_iter().find(|id| DeviceTag::of(id.as_str()) == tag).map(DeviceId::to_string)
    }

    /// Checks the tag of a frame whose form is right.
    pub(super) fn check(&self, bytes: &[u8], header: &Header) -> Check {
        if header.suite == Suite::CRC32C {
            return match open(bytes, &FrameKey::CRC32C) {
                Ok(_) => Check::Right(None),
                Err(error) => Check::Wrong(error),
            };
        }
        if let Secrets::One { device: Some(device), .. } = self
            && DeviceTag::of(device.as_str()) != header.device
        {
            return Check::NoKey(format!("the frame is of {}, the key of {device}", header.device));
        }
        let no_key = DecodeError::Key { suite: header.suite, key_id: header.key_id };
        let mut check = match self {
            Secrets::None => Check::NotChecked,
            _ => Check::NoKey(no_key.to_string()),
        };
        // A frame does not say which way it goes, and only the key of the right way fits.
        for direction in [Direction::Up, Direction::Down] {
            let Some(key) = self.key(header, direction) else { continue };
            match open(bytes, &key) {
                Ok(_) => return Check::Right(Some(direction)),
                Err(error) => check = Check::Wrong(error),
            }
        }
        check
    }

    fn key(&self, header: &Header, direction: Direction) -> Option<FrameKey> {
        match self {
            Secrets::None => None,
            Secrets::One { secret, .. } => {
                secret.frame_key(header.suite, header.key_id, direction, header.device)
            }
            Secrets::File(entries) => {
                let fits = |(device, credential): &&(DeviceId, Credential)| {
                    DeviceTag::of(device.as_str()) == header.device
                        && credential.name() == (header.suite, header.key_id)
                };
                entries
                    .iter()
                    .find(fits)
                    .map(|(_, credential)| credential.frame_key(direction, header.device))
            }
        }
    }
}

impl Check {
    pub(super) fn show(&self, tag: &[u8]) -> Value {
        let wire = to_hex(tag);
        match self {
            Check::Right(None) => json!({"wire": wire, "check": "right"}),
            Check::Right(Some(Direction::Up)) => json!({"wire": wire, "check": "right", "direction": "up"}),
            Check::Right(Some(Direction::Down)) => {
                json!({"wire": wire, "check": "right", "direction": "down"})
            }
            Check::Wrong(_) => json!({"wire": wire, "check": "wrong"}),
            Check::NotChecked | Check::NoKey(_) => json!({"wire": wire, "check": "not checked"}),
        }
    }

    /// What is wrong, in words.
    pub(super) fn error(&self) -> Option<String> {
        match self {
            Check::Right(_) | Check::NotChecked => None,
            Check::Wrong(error) => Some(error.to_string()),
            Check::NoKey(error) => Some(error.clone()),
        }
    }
}
