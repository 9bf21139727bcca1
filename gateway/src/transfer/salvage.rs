//! Reading what is whole of a file that is damaged or incomplete.
//!
//! Behind what is damaged the next chunk is searched for. Its checksum covers the export's id, so nothing that a device put into
//! a payload passes for one.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::chunk::{Chunk, RawChunk};
use super::format::{CHUNK_TAG, DIGEST_LEN, FormatError, Header, TOTALS_LEN, TRAILER_TAG};

/// Bytes that are searched at once.
const WINDOW_BYTES: usize = 64 * 1024;
/// Gaps that are named one by one.
pub const GAPS_MAX: usize = 1000;

/// What is missing of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missing {
    /// Runs of chunks that are damaged or gone, first and last number; at most [`GAPS_MAX`] of them.
    pub gaps: Vec<(u32, u32)>,
    /// Chunks that are damaged or gone, as far as numbers tell.
    pub chunks: u64,
    /// There is no trailer: nobody can tell how many chunks followed the last one.
    pub is_cut: bool,
}

impl Missing {
    /// True when the file was whole but for its digest.
    pub fn is_nothing(&self) -> bool {
        self.chunks == 0 && !self.is_cut
    }

    fn note(&mut self, first: u32, last: u32) {
        if first <= last {
            self.chunks += u64::from(last - first) + 1;
            if self.gaps.len() < GAPS_MAX {
                self.gaps.push((first, last));
            }
        }
    }
}

/// A file of which something may be missing.
#[derive(Debug)]
pub struct SalvageReader<R: Read + Seek> {
    input: BufReader<R>,
    header: Header,
    /// Where the next thing begins.
    at: u64,
    last_number: u32,
    missing: Missing,
}

/// What stands at a place.
enum Found {
    Chunk(RawChunk, Chunk),
    Trailer { chunks: u32 },
    Nothing,
}

impl<R: Read + Seek> SalvageReader<R> {
    /// Reads the header: without it nothing can be told from its looks.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn open(input: R) -> Result<SalvageReader<R>, FormatError> {
        let mut input = BufReader::with_capacity(WINDOW_BYTES, input);
        let (header, bytes) = Header::read(&mut input)?;
        let (at, missing) = (bytes.len() as u64, Missing { is_cut: true, ..Missing::default() });
        Ok(SalvageReader { input, header, at, last_number: 0, missing })
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is missing before the last chunk that was read; all of it once there is none left.
    pub fn missing(&self) -> &Missing {
        &self.missing
    }

    /// The next whole chunk.
    ///
    /// # Errors
    /// What the file system says.
    pub fn next_chunk(&mut self) -> io::Result<Option<(RawChunk, Chunk)>> {
        loop {
            match self.look(self.at)? {
                Found::Chunk(raw, chunk) => {
                    self.at += raw.bytes().len() as u64;
                    self.missing.note(self.last_number + 1, chunk.number - 1);
                    self.last_number = chunk.number;
                    return Ok(Some((raw, chunk)));
                }
                Found::Trailer { chunks } => {
                    self.missing.is_cut = false;
                    self.missing.note(self.last_number.saturating_add(1), chunks);
                    self.last_number = self.last_number.max(chunks);
                    return Ok(None);
                }
                Found::Nothing => match self.search(self.at + 1)? {
                    Some(at) => self.at = at,
                    None => return Ok(None),
                },
            }
        }
    }

    /// What stands at this place.
    fn look(&mut self, at: u64) -> io::Result<Found> {
        self.input.seek(SeekFrom::Start(at))?;
        match self.read_here() {
            Ok(found) => Ok(found),
            Err(FormatError::Io(error)) => Err(error),
            Err(_) => Ok(Found::Nothing),
        }
    }

    fn read_here(&mut self) -> Result<Found, FormatError> {
        let mut tag = [0; CHUNK_TAG.len()];
        self.input.read_exact(&mut tag)?;
        match tag {
            CHUNK_TAG => self.read_chunk(),
            TRAILER_TAG => self.read_trailer(),
            _ => Ok(Found::Nothing),
        }
    }

    fn read_chunk(&mut self) -> Result<Found, FormatError> {
        let raw = RawChunk::read_behind_tag(&mut self.input, &self.header.export)?;
        if raw.head.number <= self.last_number {
            return Ok(Found::Nothing);
        }
        let chunk = raw.decode()?;
        Ok(Found::Chunk(raw, chunk))
    }

    /// Believed only at the very end of the file.
    fn read_trailer(&mut self) -> Result<Found, FormatError> {
        let mut chunks = [0; 4];
        self.input.read_exact(&mut chunks)?;
        let rest = TOTALS_LEN - TRAILER_TAG.len() - chunks.len() + DIGEST_LEN;
        let mut beyond = Vec::new();
        (&mut self.input).take(rest as u64 + 1).read_to_end(&mut beyond)?;
        let chunks = u32::from_le_bytes(chunks);
        Ok(if beyond.len() == rest { Found::Trailer { chunks } } else { Found::Nothing })
    }

    /// The next place from `at` on that looks like the beginning of a chunk or of the trailer.
    fn search(&mut self, mut at: u64) -> io::Result<Option<u64>> {
        let tag_len = CHUNK_TAG.len();
        let mut window = Vec::new();
        loop {
            self.input.seek(SeekFrom::Start(at))?;
            window.clear();
            (&mut self.input).take(WINDOW_BYTES as u64).read_to_end(&mut window)?;
            let is_tag = |tag: &[u8]| tag == CHUNK_TAG || tag == TRAILER_TAG;
            if let Some(found) = window.windows(tag_len).position(is_tag) {
                return Ok(Some(at + found as u64));
            }
            if window.len() < WINDOW_BYTES {
                return Ok(None);
            }
            at += (WINDOW_BYTES - tag_len + 1) as u64;
        }
    }
}
