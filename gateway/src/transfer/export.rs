//! From a store to chunks: the backlog of some classes, most urgent first, page by page.
//!
//! A class is read up to the row that was its last one when its turn came, so an export ends however much comes in meanwhile.

use std::collections::VecDeque;

use super::chunk::{Chunk, RawChunk};
use super::format::{ExportId, FormatError};
use super::record::ExportedRecord;
use crate::domain::report::Class;
use crate::store::handle::{Stopped, Store};
use crate::store::scan::Cursor;
use crate::store::segment;
use crate::store::settlement::{Limit, Pending};

/// What is read at once: what the writer is held up for, and what a chunk has, but for the row that exceeds it.
const PAGE: Limit = Limit { records: 1000, bytes: 256 * 1024 };
const _: () = assert!(PAGE.records + segment::RECORDS_MAX as u32 <= super::chunk::RECORDS_MAX);

/// Why there is no next chunk.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A page does not fit into a chunk, which no store that takes packets of at most 16 MiB has.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// The backlog of some classes as chunks.
#[derive(Debug)]
pub struct BacklogReader {
    store: Store,
    export: ExportId,
    /// What is still to be read; the first is being read.
    classes: VecDeque<Class>,
    cursor: Cursor,
    /// The last row of the first class when its turn came.
    until_row: Option<i64>,
    next_number: u32,
}

impl BacklogReader {
    /// Reads these classes, the first from a cursor on; the first chunk has this number.
    pub fn new(
        store: Store,
        export: ExportId,
        classes: impl IntoIterator<Item = Class>,
        cursor: Cursor,
        first_number: u32,
    ) -> BacklogReader {
        let classes = classes.into_iter().collect();
        BacklogReader { store, export, classes, cursor, until_row: None, next_number: first_number }
    }

    /// The next chunk; `None` when all classes were read.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn next_chunk(&mut self) -> Result<Option<RawChunk>, ExportError> {
        while let Some(&class) = self.classes.front() {
            let page = self.store.scan(class, self.cursor, PAGE).await?;
            let until_row = *self.until_row.get_or_insert(page.last_row);
            let next = page.next;
            if page.is_end || next.row > until_row {
                self.classes.pop_front();
                (self.cursor, self.until_row) = (Cursor::default(), None);
            } else {
                self.cursor = next;
            }
            if !page.records.is_empty() || page.unreadable > 0 {
                let unreadable = u32::try_from(page.unreadable).unwrap_or(u32::MAX);
                let records = page.records.into_iter().map(exported).collect();
                let chunk = Chunk { class, number: self.next_number, unreadable, next, records };
                self.next_number = self.next_number.saturating_add(1);
                return Ok(Some(chunk.encode(&self.export)?));
            }
        }
        Ok(None)
    }
}

fn exported(Pending { record, anchor, .. }: Pending) -> ExportedRecord {
    ExportedRecord { record, anchor }
}

/// What is left to be exported behind a chunk: the classes from its own on, and where the first of them goes on.
pub fn behind(
    classes: impl Iterator<Item = Class>,
    last: Option<(Class, Cursor)>,
) -> (impl Iterator<Item = Class>, Cursor) {
    let is_left = move |class: &Class| last.is_none_or(|(last, _)| *class >= last);
    (classes.filter(is_left), last.map_or_else(Cursor::default, |(_, cursor)| cursor))
}
