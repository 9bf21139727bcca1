//! The chunk: records of one class, checked and compressed; whole in itself.
//!
//! ```text
//! chunk = "CHNK" | crc32c of the export's id and of the head behind this field
//!         | class u8, 0 u8, 0 u16 | number u32 | records u32 | unreadable u32
//!         | cursor: row i64, commit u64, store u64 | raw length u32 | stored length u32
//!         | crc32c of the body                                                                      (60 bytes so far)
//!         | body: the records, compressed with zstd
//! ```
//! Integers are little endian. The head's checksum covers the export's id: what looks like a chunk inside a payload is none,
//! since no device could know the id.

use std::io::{Cursor as Slice, Read};

use bytes::Bytes;

use super::format::{CHUNK_TAG, ClassTotals, ExportId, FormatError, class_of, number_of};
use super::record::{self, ExportedRecord};
use crate::domain::report::Class;
use crate::store::scan::Cursor;

/// Bytes of a chunk before its body.
pub const HEAD_LEN: usize = 60;
/// Records of a chunk at most.
pub const RECORDS_MAX: u32 = 4096;
/// Bytes of its records at most, before compression: a full segment and the largest packet fit.
pub const RAW_BYTES_MAX: u32 = 24 * 1024 * 1024;
/// Bytes of its body at most; what can't be compressed grows a little.
pub const STORED_BYTES_MAX: u32 = RAW_BYTES_MAX + RAW_BYTES_MAX / 128;

/// Level of zstd: some 300 MB/s, and JSON to a tenth.
const ZSTD_LEVEL: i32 = 3;
const DAMAGED_HEAD: FormatError = FormatError::Damaged("the head of a chunk is damaged");
const DAMAGED_BODY: FormatError = FormatError::Damaged("the records of a chunk are damaged");

/// A chunk with its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The class of its records.
    pub class: Class,
    /// Its number in its file, from 1.
    pub number: u32,
    /// Records that the gateway could not read where these were read.
    pub unreadable: u32,
    /// Where the backlog goes on behind it.
    pub next: Cursor,
    /// The records.
    pub records: Vec<ExportedRecord>,
}

/// A chunk as it stands in the file; its checksums hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChunk {
    /// What it says of itself.
    pub head: Head,
    /// All of it.
    bytes: Vec<u8>,
}

/// What a chunk says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The class of its records.
    pub class: Class,
    /// Its number in its file, from 1.
    pub number: u32,
    /// How many records it has.
    pub records: u32,
    /// Records that the gateway could not read where these were read.
    pub unreadable: u32,
    /// Where the backlog goes on behind it.
    pub next: Cursor,
    raw_len: u32,
    stored_len: u32,
    body_crc: u32,
}

impl Chunk {
    /// The chunk of an export.
    ///
    /// # Errors
    /// [`FormatError::Damaged`]: it exceeds the bounds of a chunk. A page of a store does not.
    pub fn encode(&self, export: &ExportId) -> Result<RawChunk, FormatError> {
        let (mut raw, mut before_ms) = (Vec::new(), 0);
        for exported in &self.records {
            record::put(&mut raw, exported, &mut before_ms);
        }
        let body = zstd::bulk::compress(&raw, ZSTD_LEVEL)?;
        let head = Head {
            class: self.class,
            number: self.number,
            records: self.records.len() as u32,
            unreadable: self.unreadable,
            next: self.next,
            raw_len: u32::try_from(raw.len()).unwrap_or(u32::MAX),
            stored_len: u32::try_from(body.len()).unwrap_or(u32::MAX),
            body_crc: crc32c::crc32c(&body),
        };
        if !head.is_within_bounds() {
            return Err(FormatError::Damaged("a chunk exceeds its bounds"));
        }
        let mut bytes = head.encode(export);
        bytes.extend_from_slice(&body);
        Ok(RawChunk { head, bytes })
    }

    /// What it adds to the totals of its class.
    pub fn totals(&self) -> ClassTotals {
        let payload_bytes = self.records.iter().map(|exported| exported.record.payload.len() as u64).sum();
        ClassTotals {
            records: self.records.len() as u64,
            payload_bytes,
            unreadable: u64::from(self.unreadable),
        }
    }
}

impl RawChunk {
    /// Reads a chunk of an export, from its tag on.
    ///
    /// # Errors
    /// [`FormatError`]; nothing of it can be used.
    pub fn read(input: &mut impl Read, export: &ExportId) -> Result<RawChunk, FormatError> {
        let mut tag = [0; CHUNK_TAG.len()];
        input.read_exact(&mut tag)?;
        if tag != CHUNK_TAG {
            return Err(DAMAGED_HEAD);
        }
        RawChunk::read_behind_tag(input, export)
    }

    /// Reads a chunk whose tag was read.
    ///
    /// # Errors
    /// As [`RawChunk::read`].
    pub fn read_behind_tag(input: &mut impl Read, export: &ExportId) -> Result<RawChunk, FormatError> {
        let head = Head::read_behind_tag(input, export)?;
        let mut bytes = head.encode(export);
        // Room is made for what comes, not for what is claimed.
        let read = input.take(u64::from(head.stored_len)).read_to_end(&mut bytes)?;
        if read < head.stored_len as usize {
            return Err(FormatError::Truncated);
        }
        match crc32c::crc32c(&bytes[HEAD_LEN..]) == head.body_crc {
            true => Ok(RawChunk { head, bytes }),
            false => Err(DAMAGED_BODY),
        }
    }

    /// All its bytes, as they stand in the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same, when nothing else of it is needed.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Reads its records.
    ///
    /// # Errors
    /// [`FormatError::Damaged`]: the checksums hold, yet it does not parse; it was written by something else.
    pub fn decode(&self) -> Result<Chunk, FormatError> {
        let Head { class, number, records, unreadable, next, raw_len, .. } = self.head;
        let raw = zstd::bulk::decompress(&self.bytes[HEAD_LEN..], raw_len as usize).ok();
        let raw = raw.filter(|raw| raw.len() == raw_len as usize).ok_or(DAMAGED_BODY)?;
        let records = decode_records(&raw.into(), class, records).ok_or(DAMAGED_BODY)?;
        Ok(Chunk { class, number, unreadable, next, records })
    }
}

fn decode_records(body: &Bytes, class: Class, count: u32) -> Option<Vec<ExportedRecord>> {
    let (mut input, mut before_ms) = (&body[..], 0);
    let mut records = Vec::with_capacity(count.min(RECORDS_MAX) as usize);
    for _ in 0..count {
        records.push(record::take(body, &mut input, class, &mut before_ms)?);
    }
    input.is_empty().then_some(records)
}

impl Head {
    fn is_within_bounds(&self) -> bool {
        self.number > 0
            && self.records <= RECORDS_MAX
            && self.raw_len <= RAW_BYTES_MAX
            && self.stored_len <= STORED_BYTES_MAX
    }

    fn encode(&self, export: &ExportId) -> Vec<u8> {
        let mut fields = vec![number_of(self.class), 0, 0, 0];
        for number in [self.number, self.records, self.unreadable] {
            fields.extend(number.to_le_bytes());
        }
        fields.extend(self.next.row.to_le_bytes());
        fields.extend(self.next.commit_seq.to_le_bytes());
        fields.extend(self.next.store.to_le_bytes());
        for number in [self.raw_len, self.stored_len, self.body_crc] {
            fields.extend(number.to_le_bytes());
        }
        let mut bytes = CHUNK_TAG.to_vec();
        bytes.extend(checksum(export, &fields).to_le_bytes());
        bytes.extend(fields);
        bytes
    }

    /// Reads a head whose tag was read.
    ///
    /// # Errors
    /// [`FormatError`]: it is none.
    fn read_behind_tag(input: &mut impl Read, export: &ExportId) -> Result<Head, FormatError> {
        let mut fields = [0; HEAD_LEN - CHUNK_TAG.len()];
        input.read_exact(&mut fields)?;
        let mut fields = Slice::new(fields);
        let crc = u32::from_le_bytes(take(&mut fields)?);
        if checksum(export, &fields.get_ref()[4..]) != crc {
            return Err(DAMAGED_HEAD);
        }
        let [class, zeros @ ..]: [u8; 4] = take(&mut fields)?;
        let class = class_of(class).filter(|_| zeros == [0; 3]).ok_or(DAMAGED_HEAD)?;
        let mut number = || take(&mut fields).map(u32::from_le_bytes);
        let (number, records, unreadable) = (number()?, number()?, number()?);
        let next = Cursor {
            row: i64::from_le_bytes(take(&mut fields)?),
            commit_seq: u64::from_le_bytes(take(&mut fields)?),
            store: u64::from_le_bytes(take(&mut fields)?),
        };
        let mut length = || take(&mut fields).map(u32::from_le_bytes);
        let (raw_len, stored_len, body_crc) = (length()?, length()?, length()?);
        let head = Head { class, number, records, unreadable, next, raw_len, stored_len, body_crc };
        head.is_within_bounds().then_some(head).ok_or(DAMAGED_HEAD)
    }
}

fn take<const N: usize>(input: &mut impl Read) -> Result<[u8; N], FormatError> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn checksum(export: &ExportId, fields: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&export.0), fields)
}
