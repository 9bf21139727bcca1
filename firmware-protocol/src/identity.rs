//! A device's id in eight bytes.

use core::fmt;

/// A device's id as the header carries it.
///
/// An id of at most 8 ASCII bytes stands there as it is, padded with zeros; a longer one as its FNV-1a hash of 64
/// bits, little-endian, with the top bit of the first byte set. ASCII never has that bit, so the two never meet.
/// The hash names a device; it protects nothing: that is the tag's work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DeviceTag(pub [u8; 8]);

impl DeviceTag {
    /// The tag of the device with this id. Ids hold no NUL byte.
    pub fn of(id: &str) -> Self {
        let id = id.as_bytes();
        let mut short = [0; 8];
        match short.get_mut(..id.len()) {
            Some(place) if id.is_ascii() => {
                place.copy_from_slice(id);
                Self(short)
            }
            _ => Self::hashed(id),
        }
    }

    /// The id itself when the tag carries it, `None` for a hashed one.
    pub fn id(&self) -> Option<&str> {
        let Self(bytes) = self;
        let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let id = bytes.get(..len).filter(|id| id.iter().all(u8::is_ascii_graphic))?;
        core::str::from_utf8(id).ok()
    }

    fn hashed(id: &[u8]) -> Self {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let hash = id.iter().fold(OFFSET_BASIS, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        Self((hash | 0x80).to_le_bytes())
    }
}

impl fmt::Display for DeviceTag {
    /// The id where the tag carries it, else 16 hexadecimal digits after a `#`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => f.pad(id),
            None => write!(f, "#{:016x}", u64::from_be_bytes(self.0)),
        }
    }
}

impl fmt::Debug for DeviceTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceTag({self})")
    }
}
