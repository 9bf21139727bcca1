//! Can the devices' keys be used, and who may do without one?

use super::Finding;
use crate::config::Devices;
use crate::keys;

pub(super) fn check(devices: &Devices) -> Finding {
    let keys = match keys::load(devices) {
        Ok(keys) => keys,
        Err(error) => {
            let text = error.to_string().replace('\n', super::NEXT_LINE);
            return Finding::failure(format!("无法使用 unusable: {text}"));
        }
    };
    let text = keys::describe(devices, &keys.keyring);
    if keys.exposed.is_some() {
        return Finding::warning(format!(
            "{text}; 密钥文件他人可读写 OTHERS MAY READ OR WRITE THE FILE: chmod 600"
        ));
    }
    let proven = keys.keyring.census().keyed_with_crc32c == 0;
    match devices.keys.is_some() && proven {
        true => Finding::ok(text),
        false => Finding::warning(text),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn no_keys_and_a_readable_file_are_warnings_and_a_wrong_file_fails() {
        assert_eq!(check(&Devices::default()).verdict, Verdict::Warning);
        let file = tempfile::NamedTempFile::new().unwrap();
        let devices = Devices { keys: Some(file.path().to_owned()), ..Devices::default() };
        let set = |mode| fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        set(0o600);
        assert_eq!(check(&devices).verdict, Verdict::Ok);
        set(0o604);
        assert_eq!(check(&devices).verdict, Verdict::Warning);
        fs::write(file.path(), "[[device]]\nid = \"Car\"\n").unwrap();
        let finding = check(&devices);
        assert_eq!(finding.verdict, Verdict::Failure);
        assert!(finding.text.contains(":2:6: device.id: expected 1 to 32"), "{finding:?}");
    }
}
