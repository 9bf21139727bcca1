//! Writing a file: header, chunks, trailer, with one digest over all of it.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::chunk::{Chunk, RawChunk};
use super::format::{Header, Totals};

/// What a file has so far: its digest and its totals.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub(super) hash: Sha256,
    /// What there is in its chunks.
    pub totals: Totals,
}

/// A file that is being written. Until it is finished it has no trailer, and counts as interrupted.
#[derive(Debug)]
pub struct ExportWriter<W> {
    out: W,
    progress: Progress,
}

impl<W: Write> ExportWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn begin(mut out: W, header: &Header) -> io::Result<ExportWriter<W>> {
        let (bytes, mut progress) = (header.encode(), Progress::default());
        out.write_all(&bytes)?;
        progress.hash.update(&bytes);
        Ok(ExportWriter { out, progress })
    }

    /// Goes on with a file that was begun; `out` stands behind its last whole chunk.
    pub fn resume(out: W, progress: Progress) -> ExportWriter<W> {
        ExportWriter { out, progress }
    }

    /// Adds a chunk, in both its forms.
    ///
    /// # Errors
    /// What `out` says.
    pub fn push(&mut self, raw: &RawChunk, chunk: &Chunk) -> io::Result<()> {
        self.out.write_all(raw.bytes())?;
        self.progress.hash.update(raw.bytes());
        self.progress.totals.add(chunk.class, chunk.totals());
        Ok(())
    }

    /// What it has so far.
    pub fn totals(&self) -> &Totals {
        &self.progress.totals
    }

    /// Where it is written to.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes the trailer. The file is complete, if not yet on disk.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(mut self) -> io::Result<(W, Totals)> {
        let totals = self.progress.totals.encode();
        self.progress.hash.update(&totals);
        self.out.write_all(&totals)?;
        self.out.write_all(&self.progress.hash.finalize())?;
        self.out.flush()?;
        Ok((self.out, self.progress.totals))
    }
}
