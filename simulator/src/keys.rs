//! The file of device keys, the same that a gateway reads: which devices seal their frames with a secret.
//!
//! ```toml
//! [[device]]
//! id = "car-01"
//! key_id = 1
//! suite = "hmac-sha256-128"   # or "hmac-sha256-64", "hmac-sm3-128", "crc-32c"
//! secret = "..."              # 64 hexadecimal digits; none for "crc-32c"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use firmware_protocol::device::Identity;
use firmware_protocol::{DeviceSecret, DeviceTag, Suite};
use toml_edit::{DocumentMut, Table, TomlError};

const SUITES: [(&str, Suite); 4] = [
    ("hmac-sha256-128", Suite::HMAC_SHA256_128),
    ("hmac-sha256-64", Suite::HMAC_SHA256_64),
    ("hmac-sm3-128", Suite::HMAC_SM3_128),
    ("crc-32c", Suite::CRC32C),
];

/// Why a file of keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It can't be read or written.
    #[error("keys {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no TOML.
    #[error("keys {path}: {source}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TomlError,
    },
    /// An entry that says something else than a key.
    #[error("keys {path}, entry {number}: {what}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
        /// What is wrong with it; never the secret itself.
        what: &'static str,
    },
}

/// A secret and how it is used; `None` for CRC-32C.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    suite: Suite,
    key_id: u8,
    secret: Secret,
}

/// Not shown by anything.
#[derive(Clone, PartialEq, Eq)]
struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The devices' keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys(BTreeMap<String, Key>);

impl Keys {
    /// Reads a file. Of several entries for one device the first one counts.
    pub fn read(path: &Path) -> Result<Keys, KeyFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
        let document: DocumentMut =
            text.parse().map_err(|source| KeyFileError::Toml { path: path.to_owned(), source })?;
        let entries = document.get("device").and_then(toml_edit::Item::as_array_of_tables);
        let mut keys = BTreeMap::new();
        for (index, table) in entries.into_iter().flatten().enumerate() {
            let wrong = |what| KeyFileError::Entry { path: path.to_owned(), number: index + 1, what };
            let (id, key) = entry(table).map_err(wrong)?;
            keys.entry(id).or_insert(key);
        }
        Ok(Keys(keys))
    }

    /// A secret for each of these devices, the suites by turns.
    pub fn generate<'a>(ids: impl IntoIterator<Item = &'a str>, rng: &mut fastrand::Rng) -> Keys {
        let key = |(index, id): (usize, &str)| {
            let (_, suite) = SUITES[index % 3];
            let secret = Secret(std::array::from_fn(|_| rng.u8(..)));
            (id.to_owned(), Key { suite, key_id: 1, secret })
        };
        Keys(ids.into_iter().enumerate().map(key).collect())
    }

    /// Writes the file that [`read`](Keys::read) reads, for this user alone.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
        file.and_then(|mut file| io::Write::write_all(&mut file, self.to_toml().as_bytes()))
            .map_err(|source| KeyFileError::Io { path: path.to_owned(), source })
    }

    fn to_toml(&self) -> String {
        let mut text = String::new();
        for (id, key) in &self.0 {
            let suite = SUITES.iter().find(|(_, suite)| *suite == key.suite).map_or("", |(name, _)| name);
            text.push_str("[[device]]\n");
            // Writing to a string does not fail.
            let _ = writeln!(text, "id = \"{id}\"\nsuite = \"{suite}\"");
            if key.suite != Suite::CRC32C {
                let _ = writeln!(text, "key_id = {}\nsecret = \"{}\"", key.key_id, hex(&key.secret.0));
            }
        }
        text
    }

    /// Whether the device has a secret: it must speak frames then, because JSON can't be sealed.
    pub fn has_secret(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|key| key.suite != Suite::CRC32C)
    }

    /// Who the device is in its frames. One that is not listed has no key: CRC-32C.
    pub fn identity(&self, id: &str) -> Identity {
        let tag = DeviceTag::of(id);
        let keyed = self
            .0
            .get(id)
            .and_then(|key| Identity::new(tag, &DeviceSecret::new(key.secret.0), key.suite, key.key_id));
        keyed.unwrap_or_else(|| Identity::without_key(tag))
    }
}

fn entry(table: &Table) -> Result<(String, Key), &'static str> {
    let text = |name| table.get(name).and_then(toml_edit::Item::as_str);
    let id = text("id").ok_or("it has no id")?;
    let named = text("suite").and_then(|name| SUITES.iter().find(|(suite, _)| *suite == name));
    let (_, suite) =
        named.ok_or("its suite is none of hmac-sha256-128, hmac-sha256-64, hmac-sm3-128, crc-32c")?;
    let key_id = match table.get("key_id") {
        None => 0,
        Some(item) => {
            let number = item.as_integer().and_then(|number| u8::try_from(number).ok());
            number.ok_or("its key_id is not within 0 to 255")?
        }
    };
    let secret = match *suite {
        Suite::CRC32C => [0; 32],
        _ => text("secret").and_then(from_hex).ok_or("its secret is not 64 hexadecimal digits")?,
    };
    Ok((id.to_owned(), Key { suite: *suite, key_id, secret: Secret(secret) }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    let digits: Vec<u32> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(text: &str) -> Result<Keys, KeyFileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        std::fs::write(&path, text).unwrap();
        Keys::read(&path)
    }

    #[test]
    fn what_is_written_is_read_again_and_nobody_else_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let keys = Keys::generate(["car-01", "car-02", "car-03"], &mut fastrand::Rng::with_seed(1));
        keys.write(&path).unwrap();
        assert_eq!(Keys::read(&path).unwrap(), keys);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(["car-01", "car-02", "car-03"].into_iter().all(|id| keys.has_secret(id)));
        assert!(!keys.has_secret("car-04") && !format!("{keys:?}").contains(&keys.to_toml()[60..80]));
    }

    #[test]
    fn the_first_entry_of_a_device_counts_and_crc_32c_is_no_secret() {
        let secret = "0f".repeat(32);
        let first = "[[device]]\nid = \"car-01\"\nsuite = \"crc-32c\"\n";
        let second = format!(
            "[[device]]\nid = \"car-01\"\nkey_id = 2\nsuite = \"hmac-sm3-128\"\nsecret = \"{secret}\"\n"
        );
        assert!(!read(&format!("{first}{second}")).unwrap().has_secret("car-01"));
        assert!(read(&format!("{second}{first}")).unwrap().has_secret("car-01"));
        assert_eq!(read("").unwrap(), Keys::default());
    }

    #[test]
    fn an_entry_that_is_wrong_is_told_by_its_number_and_without_its_secret() {
        let right = "[[device]]\nid = \"car-01\"\nsuite = \"crc-32c\"\n";
        let wrong = [
            "suite = \"crc-32c\"",
            "id = \"a\"\nsuite = \"md5\"",
            "id = \"a\"\nsuite = \"crc-32c\"\nkey_id = 256",
            "id = \"a\"\nsuite = \"hmac-sha256-64\"",
            "id = \"a\"\nsuite = \"hmac-sha256-64\"\nsecret = \"abcd\"",
        ];
        for entry in wrong {
            let error = read(&format!("{right}[[device]]\n{entry}\n")).unwrap_err().to_string();
            assert!(error.contains("entry 2: its") || error.contains("entry 2: it has no id"), "{error}");
            assert!(!error.contains("abcd"), "{error}");
        }
        assert!(matches!(read("[["), Err(KeyFileError::Toml { .. })));
    }
}
