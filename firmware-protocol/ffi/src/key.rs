//! Keys, prepared once and kept where C has room for them.

use firmware_protocol::{DeviceSecret, DeviceTag, Direction, FrameKey, Header, KeyRing, Suite};

use crate::{PatrolError, PatrolText, edge, error};

/// Words of 8 bytes that a key takes.
pub const PATROL_KEY_WORDS: usize = 48;

/// Makes and checks tags. Made by patrol_key_derive or patrol_key_crc32c; its bytes are of no meaning, and it may be
/// copied.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolKey {
    /// Tells a key from memory that is none, such as all zeros.
    pub made: u64,
    /// The key.
    pub words: [u64; PATROL_KEY_WORDS],
}

/// What `made` is in a key. Other memory has it with the chance of 2^-64.
const MADE: u64 = 0x7061_7472_6F6C_6B31;

const _: () = assert!(size_of::<FrameKey>() <= size_of::<[u64; PATROL_KEY_WORDS]>());
const _: () = assert!(align_of::<FrameKey>() <= align_of::<u64>());

impl PatrolKey {
    fn of(key: FrameKey) -> Self {
        let mut place = Self { made: MADE, words: [0; PATROL_KEY_WORDS] };
        // SAFETY: the words have the room and the alignment of a FrameKey, as asserted above.
        unsafe { (&raw mut place.words).cast::<FrameKey>().write(key) };
        place
    }

    pub(crate) fn get(&self) -> Result<&FrameKey, PatrolError> {
        if self.made != MADE {
            return Err(PatrolError::Key);
        }
        // SAFETY: only `of` makes a key with this number, and it puts a FrameKey there; it may be copied byte by byte,
        // since it owns nothing, is never changed and never dropped.
        Ok(unsafe { &*(&raw const self.words).cast::<FrameKey>() })
    }
}

/// Several keys: the first one that is for the frame.
pub(crate) struct Keys<'k>(pub(crate) &'k [PatrolKey]);

impl KeyRing for Keys<'_> {
    fn key(&self, header: &Header) -> Option<&FrameKey> {
        self.0.iter().find_map(|key| key.get().ok()?.key(header))
    }
}

/// From the device to the gateway: what a device seals with.
pub const PATROL_UP: u8 = 117;
/// From the gateway to the device: what a device opens with.
pub const PATROL_DOWN: u8 = 100;

/// Derives the key for frames of `device` (8 bytes) from the secret of 32 bytes that it shares with its gateway.
/// `direction`: PATROL_UP or PATROL_DOWN. `suite`: PGW_SUITE_HMAC_SHA256_128, PGW_SUITE_HMAC_SHA256_64 or
/// PGW_SUITE_HMAC_SM3_128. Do it once, when the device starts.
///
/// # Safety
///
/// The pointers lead to what is said above; nobody else uses `key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_key_derive(
    key: *mut PatrolKey,
    secret: *const u8,
    suite: u8,
    key_id: u8,
    direction: u8,
    device: *const u8,
) -> PatrolError {
    let derive = || {
        // SAFETY: as the caller says.
        let secret = DeviceSecret::new(*unsafe { edge::shared(secret.cast::<[u8; 32]>()) }?);
        // SAFETY: as the caller says.
        let device = DeviceTag(*unsafe { edge::shared(device.cast::<[u8; 8]>()) }?);
        let direction = match direction {
            PATROL_UP => Direction::Up,
            PATROL_DOWN => Direction::Down,
            _ => return Err(PatrolError::Direction),
        };
        let made = secret.frame_key(Suite(suite), key_id, direction, device).ok_or(PatrolError::Suite)?;
        // SAFETY: as the caller says.
        unsafe { edge::put(key, PatrolKey::of(made)) }
    };
    error::status(derive())
}

/// No key at all: suite CRC-32C, which finds damage and stops no forger.
///
/// # Safety
///
/// There is room at `key` that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_key_crc32c(key: *mut PatrolKey) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { edge::put(key, PatrolKey::of(FrameKey::CRC32C)) })
}

/// The eight bytes that stand for a device's id in headers and keys.
///
/// # Safety
///
/// The text's bytes are there; there are 8 bytes at `device` that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_device_of(id: PatrolText, device: *mut u8) -> PatrolError {
    // SAFETY: as the caller says.
    let put = |id: &str| unsafe { edge::put(device.cast::<[u8; 8]>(), DeviceTag::of(id).0) };
    // SAFETY: as the caller says.
    error::status(unsafe { id.get::<255>() }.and_then(|id| put(&id)))
}
