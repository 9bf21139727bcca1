//! The devices' keys: the operator's file, or none.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::{self, ConfigError, key_file};
use crate::domain::keyring::{Credential, Keyring, Unlisted};
use crate::domain::report::DeviceId;

/// The file is read up to here: some 100,000 devices.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Others than owner and group may read or write.
const OPEN_TO_OTHERS: u32 = 0o006;

/// Why the keys can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be read, or is too large.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    Content(#[from] ConfigError),
}

/// The keys of the configured devices.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys, ready to use.
    pub keyring: Keyring,
    /// The file, when people other than its owner and group may read or write it.
    pub exposed: Option<PathBuf>,
}

/// Reads the configured file and derives every key in it.
///
/// # Errors
/// [`KeysError`]: the file is missing, or something in it is wrong.
pub fn load(devices: &config::Devices) -> Result<Keys, KeysError> {
    let Some(path) = &devices.keys else { return Ok(Keys::default()) };
    let (credentials, metadata) = read(path)?;
    let exposed = metadata.permissions().mode() & OPEN_TO_OTHERS != 0;
    Ok(Keys { keyring: Keyring::new(devices.unlisted, credentials), exposed: exposed.then(|| path.clone()) })
}

/// Reads a file of keys as it is.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path) -> Result<(Vec<(DeviceId, Credential)>, Metadata), KeysError> {
    let file = |source| KeysError::File { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(file)?;
    if metadata.len() > FILE_BYTES_MAX {
        let message = format!("{} bytes, at most {FILE_BYTES_MAX} are read", metadata.len());
        return Err(file(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    let text = fs::read_to_string(path).map_err(file)?;
    Ok((key_file::read(&text, &path.display().to_string())?, metadata))
}

/// Who is known by what, in one line for people.
pub fn describe(devices: &config::Devices, keyring: &Keyring) -> String {
    let Some(path) = &devices.keys else {
        return "NO DEVICE HAS A KEY: what comes under a device id is accepted as its own 无设备密钥，不验证报文来源"
            .to_owned();
    };
    let census = keyring.census();
    let others = match keyring.unlisted() {
        Unlisted::Accept => "any other on this machine is accepted 其他设备均可接入",
        Unlisted::Refuse => "others are refused 其他设备拒收",
    };
    let (keyed, without) = (census.keyed, census.without_key);
    let mut text = format!("{}: {keyed} with a key, {without} without; {others}", path.display());
    if census.keyed_with_crc32c > 0 {
        let open = census.keyed_with_crc32c;
        text.push_str(&format!("; {open} WITH A KEY MAY DO WITHOUT IT {open} 台设备可不用密钥"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn written(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_file_that_others_may_read_is_told() {
        for (mode, exposed) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true)] {
            let file = written("", mode);
            let devices =
                config::Devices { keys: Some(file.path().to_owned()), ..config::Devices::default() };
            assert_eq!(load(&devices).unwrap().exposed.is_some(), exposed, "{mode:o}");
        }
    }

    #[test]
    fn what_is_said_of_the_devices_is_true() {
        let keyed = |id: &str| {
            format!("[[device]]\nid = \"{id}\"\nsuite = \"hmac-sm3-128\"\nsecret = \"{SECRET}\"\n")
        };
        let plain = |id: &str| format!("[[device]]\nid = \"{id}\"\nsuite = \"crc-32c\"\n");
        let said = |text: &str, unlisted| {
            let file = written(text, 0o600);
            let devices = config::Devices { keys: Some(file.path().to_owned()), unlisted, registry: None };
            describe(&devices, &load(&devices).unwrap().keyring)
        };
        let text = said(&[keyed("car-07"), plain("car-08"), plain("car-09")].concat(), Unlisted::Refuse);
        assert!(text.ends_with(": 1 with a key, 2 without; others are refused 其他设备拒收"), "{text}");
        let text = said(&[keyed("car-07"), plain("car-07")].concat(), Unlisted::Accept);
        assert!(text.contains("any other on this machine is accepted"), "{text}");
        assert!(text.contains("1 WITH A KEY MAY DO WITHOUT IT"), "{text}");
        let nobody = config::Devices::default();
        assert!(describe(&nobody, &Keyring::default()).starts_with("NO DEVICE HAS A KEY"));
    }

    #[test]
    fn a_missing_file_and_a_wrong_one_are_named() {
        let of = |path: &Path| config::Devices { keys: Some(path.to_owned()), ..config::Devices::default() };
        let missing = load(&of(Path::new("/nowhere/keys.toml"))).unwrap_err().to_string();
        assert!(missing.starts_with("/nowhere/keys.toml: "), "{missing}");
        let file = written("[[devise]]\n", 0o600);
        let wrong = load(&of(file.path())).unwrap_err().to_string();
        assert!(wrong.ends_with(":1:3: unknown devise; the nearest known name is [[device]]"), "{wrong}");
    }
}
