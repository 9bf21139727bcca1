//! The write-ahead log: which pages it has newer versions of, up to the last commit whose checksums hold.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};

use super::file::PAGE_BYTES;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The last bit says in which order the checksums read their numbers.
const MAGIC: u32 = 0x377f_0682;

/// Where in the log the newest version of a page is.
pub(super) type Index = HashMap<u32, u64>;

/// Reads through a log. What follows the first frame that does not hold was never committed, or is lost.
pub(super) fn index(file: &File) -> io::Result<Index> {
    let mut input = BufReader::with_capacity(64 * 1024, file);
    let mut header = [0; HEADER_BYTES];
    let mut committed = Index::new();
    if !read_whole(&mut input, &mut header)? {
        return Ok(committed);
    }
    let magic = be_u32(&header, 0);
    let mut sum = Sum { is_big_endian: magic & 1 == 1, one: 0, other: 0 };
    sum.add(&header[..24]);
    if magic & !1 != MAGIC || be_u32(&header, 8) as usize != PAGE_BYTES || !sum.is(&header[24..]) {
        return Ok(committed);
    }
    let salts = &header[16..24];
    let (mut pending, mut at) = (Vec::new(), HEADER_BYTES as u64);
    let mut frame = [0; FRAME_HEADER_BYTES + PAGE_BYTES];
    while read_whole(&mut input, &mut frame)? {
        sum.add(&frame[..8]);
        sum.add(&frame[FRAME_HEADER_BYTES..]);
        if frame[8..16] != *salts || !sum.is(&frame[16..FRAME_HEADER_BYTES]) {
            break;
        }
        pending.push((be_u32(&frame, 0), at + FRAME_HEADER_BYTES as u64));
        at += frame.len() as u64;
        let ends_a_commit = be_u32(&frame, 4) > 0;
        if ends_a_commit {
            committed.extend(pending.drain(..));
        }
    }
    Ok(committed)
}

/// False when the file ends before `bytes` are full.
fn read_whole(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn be_u32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// The running checksum of the log.
struct Sum {
    is_big_endian: bool,
    one: u32,
    other: u32,
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let number = |bytes: [u8; 4]| match self.is_big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        };
        for pair in bytes.as_chunks::<4>().0.as_chunks::<2>().0 {
            self.one = self.one.wrapping_add(number(pair[0])).wrapping_add(self.other);
            self.other = self.other.wrapping_add(number(pair[1])).wrapping_add(self.one);
        }
    }

    fn is(&self, stored: &[u8]) -> bool {
        (be_u32(stored, 0), be_u32(stored, 4)) == (self.one, self.other)
    }
}
