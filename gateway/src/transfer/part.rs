//! A file whose export was interrupted: what of it is whole, and where the export goes on.

use std::io::Read;

use super::format::{FormatError, Header};
use super::reader::ExportReader;
use super::writer::Progress;
use crate::domain::report::Class;
use crate::store::scan::Cursor;

/// What is whole of a file.
#[derive(Debug)]
pub struct Part {
    /// What it says of itself.
    pub header: Header,
    /// Digest and totals so far.
    pub progress: Progress,
    /// Bytes up to the end of its last whole chunk; what stands behind them is to be cut off.
    pub whole_bytes: u64,
    /// The class of that chunk, and where its backlog goes on; `None` when there is no chunk yet.
    pub last: Option<(Class, Cursor)>,
}

/// Reads a file up to where it is whole. A trailer is not counted: the export goes on in any case.
///
/// # Errors
/// [`FormatError`] about the header, [`FormatError::Io`] about the rest.
pub fn read(input: impl Read) -> Result<Part, FormatError> {
    let mut reader = ExportReader::open(input)?;
    let header = reader.header().clone();
    let mut whole_bytes = header.encode().len() as u64;
    let mut last = None;
    loop {
        match reader.next_chunk() {
            Ok(Some((raw, chunk))) => {
                whole_bytes += raw.bytes().len() as u64;
                last = Some((chunk.class, chunk.next));
            }
            Err(FormatError::Io(error)) => return Err(FormatError::Io(error)),
            // What is torn or damaged, and all behind it, is exported again.
            Ok(None) | Err(_) => break,
        }
    }
    Ok(Part { header, progress: reader.into_progress(), whole_bytes, last })
}
