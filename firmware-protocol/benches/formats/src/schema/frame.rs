//! What our header and tag carry, around a body that is encoded already.

use firmware_protocol::Header;

/// A field of bytes for the body stands for the branch of a `oneof`: the same length, and the type is its field number.
#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Frame {
    #[prost(uint32, tag = 1)] suite: u32,
    #[prost(uint32, tag = 2)] key_id: u32,
    #[prost(string, tag = 3)] device: String,
    #[prost(uint32, tag = 4)] boot: u32,
    #[prost(uint32, tag = 5)] seq: u32,
    #[prost(uint64, tag = 6)] uptime_ms: u64,
    #[prost(uint64, tag = 7)] unix_ms: u64,
    #[prost(uint32, tag = 8)] time_quality: u32,
    #[prost(bytes = "vec", tag = 9)] body: Vec<u8>,
    #[prost(bytes = "vec", tag = 15)] tag: Vec<u8>,
}

impl Frame {
    /// The frame of this header and body, with a tag of 16 bytes.
    pub(crate) fn of(header: &Header, body: Vec<u8>) -> Self {
        Self {
            suite: header.suite.0.into(),
            key_id: header.key_id.into(),
            device: header.device.id().unwrap_or_default().into(),
            boot: header.boot,
            seq: header.seq,
            uptime_ms: header.uptime_ms,
            unix_ms: header.unix_ms,
            time_quality: header.time_quality.to_byte().into(),
            body,
            tag: vec![0xA5; 16],
        }
    }
}
