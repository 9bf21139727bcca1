//! The file of the devices' keys: TOML, an entry `[[device]]` for each way in which a device may seal its frames.
//!
//! ```toml
//! [[device]]
//! id = "car-07"
//! key_id = 1
//! suite = "hmac-sha256-128"
//! secret = "..."            # 64 hexadecimal digits
//! ```
//!
//! As for the configuration itself, everything wrong is told at once, with its place. No message repeats a secret.

use std::collections::BTreeMap;

use firmware_protocol::DeviceSecret;
use toml_edit::{Item, Table};

use super::entries::{Entries, Heading};
use super::error::{ConfigError, Place};
use super::gateway::Id;
use super::kinds::{Choice, Count};
use super::read::Source;
use crate::domain::keyring::{Credential, KeyedSuite};
use crate::domain::report::DeviceId;

const DEVICE: Heading = Heading { name: "device", keys: &["id", "key_id", "suite", "secret"] };
/// Bytes of a secret.
const SECRET_LEN: usize = 32;

const SUITES: &[(&str, Option<KeyedSuite>)] = &[
    ("hmac-sha256-128", Some(KeyedSuite::HmacSha256Bits128)),
    ("hmac-sha256-64", Some(KeyedSuite::HmacSha256Bits64)),
    ("hmac-sm3-128", Some(KeyedSuite::HmacSm3Bits128)),
    ("crc-32c", None),
];

/// Reads the text of a file of keys; `name` stands for it in messages.
///
/// # Errors
/// [`ConfigError::Refused`] with everything that is wrong.
pub fn read(text: &str, name: &str) -> Result<Vec<(DeviceId, Credential)>, ConfigError> {
    let source = Source { name, text };
    let document = source.parse().map_err(|problem| ConfigError::Refused { problems: vec![problem] })?;
    let mut reader = Reader { entries: Entries::new(source), seen: BTreeMap::new() };
    let [tables] = reader.entries.tables(document.as_table(), &[DEVICE]);
    let credentials = tables.into_iter().filter_map(|table| reader.entry(table)).collect();
    reader.entries.finish(credentials)
}

/// Reads a secret, 64 hexadecimal digits; `None` for any other text.
pub fn parse_secret(text: &str) -> Option<[u8; SECRET_LEN]> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

struct Reader<'a> {
    entries: Entries<'a>,
    /// Device, suite and key id of the entries so far, each with its place.
    seen: BTreeMap<(DeviceId, u8, u8), Place>,
}

impl Reader<'_> {
    /// An entry; `None` when something in it was refused.
    fn entry(&mut self, table: &Table) -> Option<(DeviceId, Credential)> {
        // Each is read before the first wrong one ends the entry, so that all are told.
        let id = self.entries.needed(&DEVICE, table, "id", &Id);
        let key_id = self.entries.optional(&DEVICE, table, "key_id", &Count { min: 0, max: u8::MAX });
        let suite = self.entries.needed(&DEVICE, table, "suite", &Choice(SUITES))?;
        let credential = match suite {
            Some(suite) => {
                let secret = self.secret(table);
                Credential::Keyed { suite, key_id: key_id?.unwrap_or(0), secret: DeviceSecret::new(secret?) }
            }
            None => self.without_key(table, key_id?)?,
        };
        let device = id.and_then(|id| DeviceId::parse(&id))?;
        self.only_once(table, &device, &credential).then_some((device, credential))
    }

    fn secret(&mut self, table: &Table) -> Option<[u8; SECRET_LEN]> {
        let item = table.get("secret");
        let text = item.and_then(Item::as_str);
        let secret = text.and_then(parse_secret);
        if secret.is_none() {
            let expected = format!("{} hexadecimal digits, in quotes", 2 * SECRET_LEN);
            let found = match (item, text) {
                (None, _) => "nothing".to_owned(),
                (_, None) => "no text (not repeated here)".to_owned(),
                (_, Some(text)) => format!("{} characters (not repeated here)", text.chars().count()),
            };
            self.entries.refuse_key(&DEVICE, table, "secret", expected, found);
        }
        secret
    }

    /// CRC-32C has no keys to tell apart; one that is given was meant for something else.
    fn without_key(&mut self, table: &Table, key_id: Option<u8>) -> Option<Credential> {
        let (name, found) = match key_id {
            _ if table.contains_key("secret") => ("secret", "a value (not repeated here)".to_owned()),
            Some(key_id @ 1..) => ("key_id", key_id.to_string()),
            _ => return Some(Credential::Crc32c),
        };
        let expected = "nothing, as suite \"crc-32c\" has no keys".to_owned();
        self.entries.refuse_key(&DEVICE, table, name, expected, found);
        None
    }

    fn only_once(&mut self, table: &Table, device: &DeviceId, credential: &Credential) -> bool {
        let (suite, key_id) = credential.name();
        let place = self.entries.place(table);
        let before = self.seen.insert((device.clone(), suite.0, key_id), place);
        if let Some(Place::File { line, .. }) = &before {
            let found = format!("{suite} with key id {key_id} for {device} again, as in line {line}");
            let expected = "a suite and key id that the device does not have yet".to_owned();
            self.entries.refuse_entry(table, DEVICE.name, expected, found);
        }
        before.is_none()
    }
}
