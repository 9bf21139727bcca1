//! Reading a whole file, chunk by chunk; anything that is not as it was written ends it.

use std::io::Read;

use sha2::Digest;

use super::chunk::{Chunk, RawChunk};
use super::format::{CHUNK_TAG, DIGEST_LEN, FormatError, Header, TOTALS_LEN, TRAILER_TAG, Totals, number_of};
use super::writer::Progress;

/// A file that is being read. In memory is one chunk of it.
#[derive(Debug)]
pub struct ExportReader<R> {
    input: R,
    header: Header,
    progress: Progress,
    last_class: u8,
}

impl<R: Read> ExportReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn open(mut input: R) -> Result<ExportReader<R>, FormatError> {
        let (header, bytes) = Header::read(&mut input)?;
        let mut progress = Progress::default();
        progress.hash.update(&bytes);
        Ok(ExportReader { input, header, progress, last_class: 0 })
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What was read so far.
    pub fn totals(&self) -> &Totals {
        &self.progress.totals
    }

    /// Digest and totals of what was read, to go on writing behind it.
    pub(super) fn into_progress(self) -> Progress {
        self.progress
    }

    /// The next chunk; `None` when all were read, and the trailer and its digest hold.
    ///
    /// # Errors
    /// [`FormatError`]; nothing behind it can be read.
    pub fn next_chunk(&mut self) -> Result<Option<(RawChunk, Chunk)>, FormatError> {
        let mut tag = [0; CHUNK_TAG.len()];
        self.input.read_exact(&mut tag)?;
        match tag {
            CHUNK_TAG => self.chunk().map(Some),
            TRAILER_TAG => self.trailer().map(|()| None),
            _ => Err(FormatError::Damaged("there is neither a chunk nor the end where one must be")),
        }
    }

    fn chunk(&mut self) -> Result<(RawChunk, Chunk), FormatError> {
        let raw = RawChunk::read_behind_tag(&mut self.input, &self.header.export)?;
        let chunk = raw.decode()?;
        let is_next = Some(chunk.number) == self.progress.totals.chunks.checked_add(1);
        let class = number_of(chunk.class);
        if !is_next || class < self.last_class || !self.header.classes.contains(chunk.class) {
            return Err(FormatError::Damaged("a chunk is where it does not belong"));
        }
        self.last_class = class;
        self.progress.hash.update(raw.bytes());
        self.progress.totals.add(chunk.class, chunk.totals());
        Ok((raw, chunk))
    }

    fn trailer(&mut self) -> Result<(), FormatError> {
        let mut totals = [0; TOTALS_LEN];
        totals[..TRAILER_TAG.len()].copy_from_slice(&TRAILER_TAG);
        self.input.read_exact(&mut totals[TRAILER_TAG.len()..])?;
        if totals[..] != self.progress.totals.encode() {
            return Err(FormatError::Damaged("the totals are not those of the chunks"));
        }
        let mut digest = [0; DIGEST_LEN];
        self.input.read_exact(&mut digest)?;
        let mut hash = self.progress.hash.clone();
        hash.update(totals);
        if digest[..] != hash.finalize()[..] {
            return Err(FormatError::Damaged("the SHA-256 does not hold"));
        }
        match self.input.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(FormatError::Damaged("something stands behind its end")),
        }
    }
}

/// Reads all of a file, and says what it has.
///
/// # Errors
/// [`FormatError`]: something of it is missing or not as it was written.
pub fn verify(input: impl Read, mut each: impl FnMut(&RawChunk)) -> Result<(Header, Totals), FormatError> {
    let mut reader = ExportReader::open(input)?;
    while let Some((raw, _)) = reader.next_chunk()? {
        each(&raw);
    }
    Ok((reader.header, reader.progress.totals))
}
