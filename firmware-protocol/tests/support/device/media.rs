//! A photo on a device, as far as its transfer goes.

use std::convert::Infallible;

use firmware_protocol::body::EvidenceMeta;
use firmware_protocol::device::{EvidenceSender, Media};

pub(crate) const CHUNK_LEN: usize = 64;
pub(crate) const BUFFER_LEN: usize = EvidenceSender::buffer_len(CHUNK_LEN);

/// A file in the device's memory, until it is deleted.
#[derive(Debug, Clone)]
pub(crate) struct File(pub(crate) Option<Vec<u8>>);

impl File {
    pub(crate) fn new(len: usize) -> Self {
        Self(Some((0..len).map(|at| (at * 7 + at / 64) as u8).collect()))
    }
}

impl Media for File {
    type Error = Infallible;

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Infallible> {
        let bytes = self.0.as_ref().expect("nobody reads a file that was deleted");
        buffer.copy_from_slice(&bytes[offset as usize..][..buffer.len()]);
        Ok(())
    }
}

/// Stands in for SHA-256, which is the device's maker's and the gateway's to compute.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
    digest
}

pub(crate) fn described(bytes: &[u8]) -> EvidenceMeta {
    EvidenceMeta {
        size_bytes: bytes.len() as u32,
        chunk_size_log2: CHUNK_LEN.trailing_zeros() as u8,
        sha256: digest(bytes),
        ..EvidenceMeta::default()
    }
}
