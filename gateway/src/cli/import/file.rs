//! The file that is imported: whole, or what is whole of it.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use crate::cli::progress::Progress;
use crate::transfer::chunk::{Chunk, RawChunk};
use crate::transfer::format::{FormatError, Header};
use crate::transfer::reader::{self, ExportReader};
use crate::transfer::salvage::{Missing, SalvageReader};

/// Bytes that are read at once.
const READ_BYTES: usize = 256 * 1024;

/// Chunk after chunk of a file.
pub(super) enum Chunks {
    Whole(Box<ExportReader<BufReader<File>>>),
    Partial(SalvageReader<File>),
}

/// A file, what it says of itself, and its records as far as that is known.
pub(super) struct Opened {
    pub(super) header: Header,
    pub(super) records: Option<u64>,
    pub(super) chunks: Chunks,
}

/// Opens a file. Unless it may be partial, all of it is checked before the first chunk is handed out.
pub(super) fn open(path: &Path, partial: bool) -> Result<Opened, FormatError> {
    if partial {
        let reader = SalvageReader::open(File::open(path)?)?;
        let header = reader.header().clone();
        return Ok(Opened { header, records: None, chunks: Chunks::Partial(reader) });
    }
    let buffered = |file: File| BufReader::with_capacity(READ_BYTES, file);
    let file = File::open(path)?;
    let progress = Progress::of_bytes("校验 verify", file.metadata()?.len());
    let verified = reader::verify(buffered(file), |raw| progress.add(raw.bytes().len() as u64));
    drop(progress);
    let (header, totals) = verified?;
    let reader = ExportReader::open(buffered(File::open(path)?))?;
    Ok(Opened { header, records: Some(totals.sum().records), chunks: Chunks::Whole(Box::new(reader)) })
}

impl Chunks {
    /// The next chunk, in both its forms; `None` when there is none left.
    pub(super) fn next(&mut self) -> Result<Option<(RawChunk, Chunk)>, FormatError> {
        match self {
            Chunks::Whole(reader) => reader.next_chunk(),
            Chunks::Partial(reader) => reader.next_chunk().map_err(FormatError::Io),
        }
    }

    /// What is missing, once all chunks have come; `None` when nothing is.
    pub(super) fn missing(&self) -> Option<&Missing> {
        match self {
            Chunks::Whole(_) => None,
            Chunks::Partial(reader) => Some(reader.missing()).filter(|missing| !missing.is_nothing()),
        }
    }
}

/// What is missing of a file, for people.
pub(super) fn words(missing: &Missing) -> String {
    let mut text = String::new();
    if missing.chunks > 0 {
        let gaps = missing.gaps.iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        let (chunks, gaps) = (missing.chunks, gaps.collect::<Vec<_>>().join(", "));
        text.push_str(&format!("缺失 {chunks} 块 · {chunks} chunks are missing or damaged: {gaps}\n"));
    }
    if missing.is_cut {
        text.push_str("文件不完整 the end is missing: nobody can tell what followed\n");
    }
    text
}

/// Why a file is not imported, with what can be done about it.
pub(super) fn complain(path: &Path, error: &FormatError) {
    let path = path.display();
    eprintln!("未导入 Not imported: {path}: {error}");
    match error {
        FormatError::Truncated | FormatError::Damaged(_) => eprintln!(
            "未取任何记录 Nothing was taken. 可用 --partial 导入完好部分 --partial takes the chunks that are whole"
        ),
        FormatError::Io(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => eprintln!("未取任何记录 Nothing was taken"),
    }
}
