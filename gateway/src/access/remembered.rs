//! Passwords that were right, so that a reconnect costs no Argon2id: as keyed hashes, under a key of this process alone.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::registry::{PasswordHash, Registry};
use crate::domain::report::DeviceId;

/// One for each account at most.
pub(super) struct Remembered {
    key: [u8; 32],
    tags: HashMap<DeviceId, [u8; 32]>,
}

impl Remembered {
    pub(super) fn new() -> Result<Remembered, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Remembered { key, tags: HashMap::new() })
    }

    /// Over the account, its hash and the password: a changed entry makes another tag.
    fn mac(&self, name: &DeviceId, hash: &PasswordHash, password: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in [name.as_str().as_bytes(), hash.as_str().as_bytes()] {
            mac.update(part);
            mac.update(&[0]);
        }
        mac.update(password);
        mac
    }

    /// Whether this password was right before, for this hash.
    pub(super) fn knows(&self, name: &DeviceId, hash: &PasswordHash, password: &[u8]) -> bool {
        let tag = self.tags.get(name);
        tag.is_some_and(|tag| self.mac(name, hash, password).verify_slice(tag).is_ok())
    }

    /// This password is right for this hash.
    pub(super) fn keep(&mut self, name: &DeviceId, hash: &PasswordHash, password: &[u8]) {
        let tag = self.mac(name, hash, password).finalize().into_bytes().into();
        self.tags.insert(name.clone(), tag);
    }

    /// Forgets the accounts that are gone.
    pub(super) fn retain(&mut self, registry: &Registry) {
        self.tags.retain(|name, _| registry.credentials(name).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_for_the_same_hash_is_known() {
        let hash = |salt: &str| {
            PasswordHash::parse(&format!("$argon2id$v=19$m=8,t=1,p=1${salt}$aGFzaGhhc2hoYXNo")).unwrap()
        };
        let (car, one, two) =
            (DeviceId::parse("car-07").unwrap(), hash("c2FsdHNhbHRz"), hash("c2FsdHNhbHR0"));
        let mut remembered = Remembered::new().unwrap();
        assert!(!remembered.knows(&car, &one, b"right"));
        remembered.keep(&car, &one, b"right");
        assert!(remembered.knows(&car, &one, b"right"));
        assert!(!remembered.knows(&car, &one, b"wrong"));
        assert!(!remembered.knows(&car, &two, b"right"), "the entry has changed");
        assert!(!remembered.knows(&DeviceId::parse("car-08").unwrap(), &one, b"right"));
        remembered.retain(&Registry::default());
        assert!(!remembered.knows(&car, &one, b"right"));
    }
}
