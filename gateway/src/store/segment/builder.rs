//! Fills a segment, block by block.

use std::mem;
use std::sync::Arc;

use super::MAGIC;
use super::block::Header;
use super::columns::{Columns, empty};
use super::compress::Deflater;
use super::directory::{Directory, Entry};
use crate::domain::report::{DeviceId, Identity};

/// A segment is closed at this many records ...
pub const RECORDS_MAX: u16 = 2048;
/// ... or at this many bytes before compression, whichever comes first (a larger single record has a segment of its own).
pub const BYTES_MAX: usize = 512 * 1024;
/// A block is closed at this many records ...
const BLOCK_RECORDS_MAX: u16 = 512;
/// ... or before it would grow beyond this many bytes, whichever comes first (a larger single record has a block of its own).
const BLOCK_BYTES_MAX: usize = 32 * 1024;

/// Collects records into a segment.
#[derive(Default)]
pub struct SegmentBuilder {
    /// What is finished: the magic and closed blocks.
    blob: Vec<u8>,
    directory: Directory,
    /// The block that is being filled.
    open: Columns,
    deflater: Deflater,
    /// A body on its way into the blob.
    raw: Vec<u8>,
    closed_bytes: usize,
    payload_bytes: u64,
    first_at_ms: i64,
}

/// A finished segment and the figures its row carries.
#[derive(Debug)]
pub struct Segment {
    /// The blob.
    pub blob: Vec<u8>,
    /// Records in it.
    pub n: u32,
    /// Sum of their payload bytes, as they came.
    pub payload_bytes: u64,
    /// Bytes of the blob.
    pub stored_bytes: u64,
    /// When its first record was received, in milliseconds since 1970.
    pub first_at_ms: i64,
}

impl SegmentBuilder {
    /// Appends a record; a builder that [is full](SegmentBuilder::is_full) takes none. `gateway` is the one that took the record when
    /// it was not this one ([`is_gateway_name`](crate::store::record::is_gateway_name)).
    pub fn push(
        &mut self,
        device: &DeviceId,
        gateway: Option<&Arc<str>>,
        identity: Identity,
        received_at_ms: i64,
        payload: &[u8],
    ) {
        debug_assert!(!self.is_full(), "no reader takes more than a full segment");
        if self.is_empty() {
            self.first_at_ms = received_at_ms;
        }
        if self.open.records() == BLOCK_RECORDS_MAX || self.open.len() + payload.len() > BLOCK_BYTES_MAX {
            self.close_block();
        }
        self.open.push(device, gateway, identity, received_at_ms, payload);
        self.payload_bytes += payload.len() as u64;
    }

    fn close_block(&mut self) {
        if self.open.records() == 0 {
            return;
        }
        self.open.write(&mut self.raw);
        let (codec, body) = self.deflater.deflate(&self.raw);
        let header = Header {
            body_crc: crc32c::crc32c(body),
            codec: codec as u8,
            first: self.directory.records,
            records: self.open.records(),
            raw_len: self.raw.len() as u32, // MQTT packets have less than 256 MiB
            stored_len: body.len() as u32,
        };
        let (bytes, header_crc) = header.to_bytes();
        if self.blob.is_empty() {
            self.blob.extend_from_slice(&MAGIC);
        }
        self.blob.extend_from_slice(&bytes);
        self.blob.extend_from_slice(body);
        self.directory.entries.push(Entry { len: header.block_len() as u32, header_crc });
        self.directory.records += header.records;
        self.closed_bytes += self.raw.len();
        empty(&mut self.raw);
        self.open.clear();
    }

    fn records(&self) -> u16 {
        self.directory.records + self.open.records()
    }

    /// True when the next record belongs into a new segment.
    pub fn is_full(&self) -> bool {
        self.records() >= RECORDS_MAX || self.closed_bytes + self.open.len() >= BYTES_MAX
    }

    /// True while nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.records() == 0
    }

    /// Takes the segment out and leaves the builder empty.
    pub fn finish(&mut self) -> Segment {
        self.close_block();
        let mut blob = mem::take(&mut self.blob);
        let directory = mem::take(&mut self.directory);
        directory.write(&mut blob);
        self.closed_bytes = 0;
        Segment {
            n: directory.records.into(),
            payload_bytes: mem::take(&mut self.payload_bytes),
            stored_bytes: blob.len() as u64,
            first_at_ms: self.first_at_ms,
            blob,
        }
    }
}
