//! A photo as a camera would make it: begins and ends like a JPEG, holds noise.

use firmware_protocol::body::{EvidenceMeta, EvidenceUsage, MediaType};
use sha2::{Digest, Sha256};

/// Bytes of a photo: from, to.
const LEN: std::ops::Range<usize> = 20_000..60_000;
/// Chunks of 4096 bytes.
const CHUNK_SIZE_LOG2: u8 = 12;

/// Start of image, and a JFIF segment.
const START: &[u8] = &[
    0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, b'J', b'F', b'I', b'F', 0x00, 0x01, 0x01, 0x00, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x00,
];
/// End of image.
const END: &[u8] = &[0xFF, 0xD9];

/// A photo and its description.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the device says of it; it has no name yet.
    pub meta: EvidenceMeta,
}

impl Photo {
    /// A photo of 20 to 60 KB that nobody took before.
    pub fn take(rng: &mut fastrand::Rng) -> Photo {
        let noise = rng.usize(LEN) - START.len() - END.len();
        let noise = std::iter::repeat_with(|| rng.u8(..0xFF)).take(noise); // 0xFF would begin a segment
        let bytes: Vec<u8> = START.iter().copied().chain(noise).chain(END.iter().copied()).collect();
        let meta = EvidenceMeta {
            media: MediaType::JPEG,
            usage: EvidenceUsage::BEFORE,
            size_bytes: bytes.len() as u32,
            chunk_size_log2: CHUNK_SIZE_LOG2,
            sha256: Sha256::digest(&bytes).into(),
            width_px: 640,
            height_px: 480,
            ..EvidenceMeta::default()
        };
        Photo { bytes, meta }
    }

    /// Bytes of every chunk but the last.
    pub(super) const CHUNK_LEN: usize = 1 << CHUNK_SIZE_LOG2;
}
