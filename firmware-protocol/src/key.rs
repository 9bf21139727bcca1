//! Keys: what makes a frame's tag and what checks it.
//!
//! A device and its gateway share a secret. From it each side derives a key a direction, so that a frame can't be sent
//! back to where it came from as if the other side had made it, and a key a device, so that none can speak for another.

use core::fmt;

use subtle::ConstantTimeEq;

use crate::crc32c::crc32c;
use crate::header::{Header, Suite};
use crate::identity::DeviceTag;

/// Bytes of the longest tag any key makes before it is cut to its suite's length.
const TAG_LEN_MAX: usize = 32;

/// Which way a frame travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the device to the gateway.
    Up,
    /// From the gateway to the device.
    Down,
}

impl Direction {
    /// Its place in a key's derivation.
    const fn byte(self) -> u8 {
        match self {
            Direction::Up => b'u',
            Direction::Down => b'd',
        }
    }
}

/// A secret that a device and its gateway share: 32 bytes of chance, made when the device is enrolled. A device may
/// have several at a time, told apart by their key ids.
#[derive(Clone)]
pub struct DeviceSecret([u8; 32]);

impl DeviceSecret {
    /// A secret of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key for frames of this device, suite, key id and direction; `None` for a suite without a key or one that
    /// this build does not have.
    ///
    /// HKDF (RFC 5869) over the suite's own hash; the salt is [`DERIVATION_SALT`], the info 11 bytes: `u` or `d`, the
    /// suite, the key id, the device's eight bytes as in the header.
    pub fn frame_key(
        &self,
        suite: Suite,
        key_id: u8,
        direction: Direction,
        device: DeviceTag,
    ) -> Option<FrameKey> {
        // Extract, then expand of one block. (A derivation is short of a library's; the `hkdf` crate's holds a panic that
        // the linker can't rule out.)
        let pseudo_random_key = Mac::new(suite, DERIVATION_SALT)?.tag(&[&self.0]);
        let info = [direction.byte(), suite.0, key_id];
        let key = Mac::new(suite, &pseudo_random_key)?.tag(&[&info, &device.0, &[1]]);
        Some(FrameKey { suite, key_id, mac: Mac::new(suite, &key)? })
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSecret(..)")
    }
}

/// Separates these keys from anything else that is ever derived from the same secret.
pub const DERIVATION_SALT: &[u8] = b"patrol firmware-protocol 1";

/// Makes and checks the tags of one suite and key id.
#[derive(Clone)]
pub struct FrameKey {
    suite: Suite,
    key_id: u8,
    mac: Mac,
}

impl FrameKey {
    /// No key at all: suite CRC-32C, which finds damage and stops no forger.
    pub const CRC32C: Self = Self { suite: Suite::CRC32C, key_id: 0, mac: Mac::Crc32c };

    /// The suite of its tags.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The key id in its frames' headers.
    pub const fn key_id(&self) -> u8 {
        self.key_id
    }

    /// The header of a frame made with this key. Suite CRC-32C has no keys to tell apart and leaves the key id.
    pub(crate) fn stamp(&self, header: &Header) -> Header {
        let key_id = if self.suite == Suite::CRC32C { header.key_id } else { self.key_id };
        Header { suite: self.suite, key_id, ..*header }
    }

    /// Writes the tag of `covered` to `place`, as much of it as fits there.
    pub(crate) fn write_tag(&self, covered: &[u8], place: &mut [u8]) {
        let tag = self.mac.tag(&[covered]);
        place.iter_mut().zip(tag).for_each(|(byte, tag)| *byte = tag);
    }

    /// Whether `tag`, which has the suite's length, is that of `covered`; in a time that does not tell where they
    /// differ.
    pub(crate) fn matches(&self, covered: &[u8], tag: &[u8]) -> bool {
        let right = self.mac.tag(&[covered]);
        right.get(..tag.len()).is_some_and(|right| right.ct_eq(tag).into())
    }
}

impl fmt::Debug for FrameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameKey({}, key {})", self.suite, self.key_id)
    }
}

/// Finds the key a frame claims to be made with.
pub trait KeyRing {
    /// The key for this header's device, suite and key id; `None` when such a frame is not to be accepted.
    fn key(&self, header: &Header) -> Option<&FrameKey>;
}

impl KeyRing for FrameKey {
    fn key(&self, header: &Header) -> Option<&FrameKey> {
        (self.stamp(header) == *header).then_some(self)
    }
}

impl KeyRing for [FrameKey] {
    fn key(&self, header: &Header) -> Option<&FrameKey> {
        self.iter().find_map(|key| key.key(header))
    }
}

/// A tag's algorithm, with its key prepared: an HMAC's key blocks are not hashed again for each frame.
#[derive(Clone)]
enum Mac {
    Crc32c,
    #[cfg(feature = "hmac-sha256")]
    Sha256(hmac::Hmac<sha2::Sha256>),
    #[cfg(feature = "hmac-sm3")]
    Sm3(hmac::Hmac<sm3::Sm3>),
}

impl Mac {
    /// The algorithm of a suite that has a key; `None` for every other and for those this build does not have.
    #[cfg_attr(not(any(feature = "hmac-sha256", feature = "hmac-sm3")), expect(unused_variables))]
    fn new(suite: Suite, key: &[u8]) -> Option<Self> {
        match suite {
            #[cfg(feature = "hmac-sha256")]
            Suite::HMAC_SHA256_64 | Suite::HMAC_SHA256_128 => {
                hmac::KeyInit::new_from_slice(key).ok().map(Self::Sha256)
            }
            #[cfg(feature = "hmac-sm3")]
            Suite::HMAC_SM3_128 => hmac::KeyInit::new_from_slice(key).ok().map(Self::Sm3),
            _ => None,
        }
    }

    /// The tag of all `parts` one after the other, before it is cut; CRC-32C's has 4 bytes and zeros.
    fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_LEN_MAX] {
        match self {
            Self::Crc32c => crc_tag(parts),
            #[cfg(feature = "hmac-sha256")]
            Self::Sha256(hmac) => hmac_tag(hmac, parts),
            #[cfg(feature = "hmac-sm3")]
            Self::Sm3(hmac) => hmac_tag(hmac, parts),
        }
    }
}

fn crc_tag(parts: &[&[u8]]) -> [u8; TAG_LEN_MAX] {
    let crc = crc32c(parts.iter().copied().flatten());
    let mut tag = [0; TAG_LEN_MAX];
    tag.iter_mut().zip(crc.to_le_bytes()).for_each(|(place, byte)| *place = byte);
    tag
}

#[cfg(any(feature = "hmac-sha256", feature = "hmac-sm3"))]
fn hmac_tag<M>(keyed: &M, parts: &[&[u8]]) -> [u8; TAG_LEN_MAX]
where
    M: hmac::Mac + Clone,
    hmac::digest::Output<M>: Into<[u8; TAG_LEN_MAX]>,
{
    let mut mac = keyed.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(all(test, feature = "hmac-sha256"))]
mod tests {
    use super::*;

    /// RFC 5869, A.1: its salt, info and secret, and the first 32 bytes of its output.
    #[test]
    fn the_derivation_is_that_of_rfc_5869() {
        let suite = Suite::HMAC_SHA256_128;
        let salt: [u8; 13] = core::array::from_fn(|at| at as u8);
        let info: [u8; 10] = core::array::from_fn(|at| 0xF0 + at as u8);
        let extracted = Mac::new(suite, &salt).unwrap().tag(&[&[0x0B; 22]]);
        let expanded = Mac::new(suite, &extracted).unwrap().tag(&[&info, &[1]]);
        let expected = [
            0x3C, 0xB2, 0x5F, 0x25, 0xFA, 0xAC, 0xD5, 0x7A, 0x90, 0x43, 0x4F, 0x64, 0xD0, 0x36, 0x2F, 0x2A,
            0x2D, 0x2D, 0x0A, 0x90, 0xCF, 0x1A, 0x5A, 0x4C, 0x5D, 0xB0, 0x2D, 0x56, 0xEC, 0xC4, 0xC5, 0xBF,
        ];
        assert_eq!(expanded, expected);
    }

    /// RFC 4231, test case 2, and the same with SM3 as OpenSSL computes it.
    #[test]
    fn the_tags_are_those_of_other_implementations() {
        let starts = |suite, expected: [u8; 8]| {
            let tag = Mac::new(suite, b"Jefe").map(|mac| mac.tag(&[b"what do ya want ", b"for nothing?"]));
            tag.is_none_or(|tag| tag.starts_with(&expected)) // `None`: this build does not have the suite
        };
        assert!(starts(Suite::HMAC_SHA256_128, [0x5B, 0xDC, 0xC1, 0x46, 0xBF, 0x60, 0x75, 0x4E]));
        assert!(starts(Suite::HMAC_SM3_128, [0x2E, 0x87, 0xF1, 0xD1, 0x68, 0x62, 0xE6, 0xD9]));
    }
}
