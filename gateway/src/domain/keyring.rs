//! Which keys speak for which device.
//!
//! - A listed device is held to what its list says: no other suite, no other key id, and no JSON once it has a key,
//!   because JSON carries no tag and whoever can publish could pass for the device.
//! - What becomes of unlisted devices is said by [`Unlisted`].
//! - Keys are derived once, here. A frame costs a look-up, no derivation.

use std::collections::BTreeMap;

use firmware_protocol::{DeviceSecret, DeviceTag, Direction, FrameKey, Suite};

use super::report::DeviceId;

/// What becomes of devices that are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unlisted {
    /// They are taken without authentication: frames with CRC-32C, and JSON.
    #[default]
    Accept,
    /// Nothing of theirs is taken.
    Refuse,
}

/// A suite that authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyedSuite {
    /// HMAC-SHA256 cut to 16 bytes.
    HmacSha256Bits128,
    /// HMAC-SHA256 cut to 8 bytes.
    HmacSha256Bits64,
    /// HMAC-SM3 cut to 16 bytes.
    HmacSm3Bits128,
}

impl KeyedSuite {
    const fn on_the_wire(self) -> Suite {
        match self {
            KeyedSuite::HmacSha256Bits128 => Suite::HMAC_SHA256_128,
            KeyedSuite::HmacSha256Bits64 => Suite::HMAC_SHA256_64,
            KeyedSuite::HmacSm3Bits128 => Suite::HMAC_SM3_128,
        }
    }
}

/// One way for a device to seal its frames.
#[derive(Debug, Clone)]
pub enum Credential {
    /// CRC-32C: no authentication.
    Crc32c,
    /// With a key.
    Keyed {
        /// How tags are made.
        suite: KeyedSuite,
        /// Tells the device's secrets apart.
        key_id: u8,
        /// What device and gateway share.
        secret: DeviceSecret,
    },
}

impl Credential {
    /// The key for frames of the device with this tag in this direction.
    pub fn frame_key(&self, direction: Direction, device: DeviceTag) -> FrameKey {
        match self {
            Credential::Crc32c => FrameKey::CRC32C,
            Credential::Keyed { suite, key_id, secret } => secret
                .frame_key(suite.on_the_wire(), *key_id, direction, device)
                .expect("the gateway is built with every suite of KeyedSuite"),
        }
    }

    /// Suite and key id: what tells the credentials of a device apart.
    pub fn name(&self) -> (Suite, u8) {
        match self {
            Credential::Crc32c => (Suite::CRC32C, 0),
            Credential::Keyed { suite, key_id, .. } => (suite.on_the_wire(), *key_id),
        }
    }
}

/// The keys of all devices, for both directions.
#[derive(Debug)]
pub struct Keyring {
    listed: BTreeMap<DeviceId, DeviceKeys>,
    unlisted: Unlisted,
    crc32c: FrameKey,
}

/// The keys of one device.
#[derive(Debug)]
struct DeviceKeys {
    /// What its frames may be sealed with.
    up: Vec<FrameKey>,
    /// What frames for it are sealed with.
    down: FrameKey,
}

impl DeviceKeys {
    fn authenticate(&self) -> bool {
        self.up.iter().any(|key| key.suite() != Suite::CRC32C)
    }
}

/// How many devices are known in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// Devices that have a key.
    pub keyed: usize,
    /// Of those: devices that may also send frames with CRC-32C, so that anybody can pass for them.
    pub keyed_with_crc32c: usize,
    /// Devices that are listed without a key.
    pub without_key: usize,
}

impl Keyring {
    /// The keys of the listed devices. A device with several credentials may use any of them; frames for it are
    /// sealed with its first.
    pub fn new(unlisted: Unlisted, listed: impl IntoIterator<Item = (DeviceId, Credential)>) -> Keyring {
        let mut keyring = Keyring { listed: BTreeMap::new(), unlisted, crc32c: FrameKey::CRC32C };
        for (device, credential) in listed {
            let tag = DeviceTag::of(device.as_str());
            let first = || DeviceKeys { up: Vec::new(), down: credential.frame_key(Direction::Down, tag) };
            let keys = keyring.listed.entry(device).or_insert_with(first);
            keys.up.push(credential.frame_key(Direction::Up, tag));
        }
        keyring
    }

    /// What frames of a device may be sealed with; `None` when nothing of it is taken.
    pub fn up(&self, device: &DeviceId) -> Option<&[FrameKey]> {
        match (self.listed.get(device), self.unlisted) {
            (Some(keys), _) => Some(&keys.up),
            (None, Unlisted::Accept) => Some(std::slice::from_ref(&self.crc32c)),
            (None, Unlisted::Refuse) => None,
        }
    }

    /// What frames for a device are sealed with: CRC-32C for an unlisted one.
    pub fn down(&self, device: &DeviceId) -> &FrameKey {
        self.listed.get(device).map_or(&self.crc32c, |keys| &keys.down)
    }

    /// Whether a device has a key, so that what carries no tag is not taken from it.
    pub fn authenticates(&self, device: &DeviceId) -> bool {
        self.listed.get(device).is_some_and(DeviceKeys::authenticate)
    }

    /// What becomes of devices that are not listed.
    pub fn unlisted(&self) -> Unlisted {
        self.unlisted
    }

    /// How many devices are listed, and how.
    pub fn census(&self) -> Census {
        let keyed = self.listed.values().filter(|keys| keys.authenticate());
        let with_crc32c = |keys: &&DeviceKeys| keys.up.iter().any(|key| key.suite() == Suite::CRC32C);
        Census {
            keyed: keyed.clone().count(),
            keyed_with_crc32c: keyed.clone().filter(with_crc32c).count(),
            without_key: self.listed.len() - keyed.count(),
        }
    }
}

impl Default for Keyring {
    /// Nobody is listed, everybody is accepted.
    fn default() -> Keyring {
        Keyring::new(Unlisted::Accept, [])
    }
}

#[cfg(test)]
mod tests {
    use firmware_protocol::body::Telemetry;
    use firmware_protocol::{Header, MAX_FRAME_LEN, open, seal};

    use super::*;

    fn device(id: &str) -> DeviceId {
        DeviceId::parse(id).expect("a device id")
    }

    fn keyed(suite: KeyedSuite, key_id: u8, fill: u8) -> Credential {
        Credential::Keyed { suite, key_id, secret: DeviceSecret::new([fill; 32]) }
    }

    /// A frame of `device`, sealed with a credential of any device.
    fn frame(device: &DeviceId, credential: &Credential, direction: Direction) -> Vec<u8> {
        let tag = DeviceTag::of(device.as_str());
        let header = Header { device: tag, ..Header::of::<Telemetry>() };
        let mut out = vec![0; MAX_FRAME_LEN];
        let key = credential.frame_key(direction, tag);
        let len = seal(&header, &Telemetry::default(), &key, &mut out).expect("a frame");
        out.truncate(len);
        out
    }

    fn opens(keyring: &Keyring, device: &DeviceId, frame: &[u8]) -> bool {
        open(frame, keyring.up(device).expect("its frames are taken")).is_ok()
    }

    #[test]
    fn every_suite_has_keys_and_a_device_is_held_to_its_own() {
        use KeyedSuite::{HmacSha256Bits64, HmacSha256Bits128, HmacSm3Bits128};
        let car = device("car-07");
        for suite in [HmacSha256Bits64, HmacSha256Bits128, HmacSm3Bits128] {
            let own = keyed(suite, 3, 7);
            let keyring = Keyring::new(Unlisted::Accept, [(car.clone(), own.clone())]);
            assert!(opens(&keyring, &car, &frame(&car, &own, Direction::Up)));
            assert!(!opens(&keyring, &car, &frame(&car, &own, Direction::Down)), "a frame thrown back");
            assert!(
                !opens(&keyring, &car, &frame(&car, &keyed(suite, 3, 8), Direction::Up)),
                "another secret"
            );
            assert!(
                !opens(&keyring, &car, &frame(&car, &keyed(suite, 4, 7), Direction::Up)),
                "another key id"
            );
            assert!(
                !opens(&keyring, &car, &frame(&car, &Credential::Crc32c, Direction::Up)),
                "no key at all"
            );
            assert!(open(&frame(&car, &own, Direction::Down), keyring.down(&car)).is_ok());
            assert!(keyring.authenticates(&car));
        }
    }

    #[test]
    fn a_device_with_several_keys_may_use_each_and_is_answered_with_its_first() {
        let car = device("car-07");
        let (old, new) =
            (keyed(KeyedSuite::HmacSha256Bits128, 1, 1), keyed(KeyedSuite::HmacSm3Bits128, 2, 2));
        let listed = [(car.clone(), old.clone()), (car.clone(), new.clone())];
        let keyring = Keyring::new(Unlisted::Refuse, listed);
        assert!(opens(&keyring, &car, &frame(&car, &old, Direction::Up)));
        assert!(opens(&keyring, &car, &frame(&car, &new, Direction::Up)));
        let down = keyring.down(&car);
        assert_eq!((down.suite(), down.key_id()), old.name());
    }

    #[test]
    fn an_unlisted_device_is_taken_without_a_key_or_not_at_all() {
        let (car, stranger) = (device("car-07"), device("car-08"));
        let listed = || [(car.clone(), Credential::Crc32c)];
        let open_house = Keyring::new(Unlisted::Accept, listed());
        assert!(opens(&open_house, &stranger, &frame(&stranger, &Credential::Crc32c, Direction::Up)));
        assert_eq!(Keyring::new(Unlisted::Refuse, listed()).up(&stranger).map(<[_]>::len), None);
        for known in [&car, &stranger] {
            assert!(!open_house.authenticates(known), "CRC-32C authenticates nobody");
            assert_eq!(open_house.down(known).suite(), Suite::CRC32C);
        }
    }

    #[test]
    fn the_census_tells_a_key_that_protects_nothing() {
        let key = || keyed(KeyedSuite::HmacSha256Bits64, 0, 1);
        let listed = [
            (device("a"), key()),
            (device("b"), Credential::Crc32c),
            (device("c"), key()),
            (device("c"), Credential::Crc32c),
        ];
        let census = Keyring::new(Unlisted::Accept, listed).census();
        assert_eq!(census, Census { keyed: 2, keyed_with_crc32c: 1, without_key: 1 });
    }

    #[test]
    fn no_secret_is_printed() {
        let shown = format!("{:?}", keyed(KeyedSuite::HmacSm3Bits128, 1, 0xAB));
        assert!(!shown.contains("171") && !shown.to_lowercase().contains("ab"), "{shown}");
    }
}
