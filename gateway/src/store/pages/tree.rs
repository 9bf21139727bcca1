//! What is on a page of a tree: cells with rows, and the pages below.

use super::file::{PAGE_BYTES, Pages};

/// The database's own header stands at the beginning of the first page.
const DATABASE_HEADER_BYTES: usize = 100;
/// A row is at most this large: what claims to be larger is damaged.
const PAYLOAD_BYTES_MAX: u64 = 32 << 20;
/// Bytes of a row on each page of its overflow.
const OVERFLOW_BYTES: usize = PAGE_BYTES - 4;

/// What kind of tree page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    TableLeaf,
    TableInterior,
    /// Trees of tables without row numbers are of this kind: rows stand on interior pages too.
    IndexLeaf,
    IndexInterior,
}

impl Kind {
    pub(super) fn is_table(self) -> bool {
        matches!(self, Kind::TableLeaf | Kind::TableInterior)
    }

    pub(super) fn is_leaf(self) -> bool {
        matches!(self, Kind::TableLeaf | Kind::IndexLeaf)
    }

    /// Bytes of a row that stand in its cell, of `payload` in all.
    fn local_bytes(self, payload: usize) -> usize {
        let most = if self.is_table() { PAGE_BYTES - 35 } else { (PAGE_BYTES - 12) * 64 / 255 - 23 };
        let least = (PAGE_BYTES - 12) * 32 / 255 - 23;
        if payload <= most {
            return payload;
        }
        let filled = least + (payload - least) % OVERFLOW_BYTES;
        if filled <= most { filled } else { least }
    }
}

/// A page.
#[derive(Debug)]
pub(in crate::store) struct Page {
    pub(super) number: u32,
    pub(super) bytes: Box<[u8; PAGE_BYTES]>,
}

/// A row where it was found.
#[derive(Debug)]
pub(in crate::store) struct Row {
    /// Its number; 0 in a table without them.
    pub(in crate::store) id: i64,
    pub(in crate::store) payload: Payload,
}

/// The bytes of a row.
#[derive(Debug)]
pub(in crate::store) struct Payload {
    pub(in crate::store) bytes: Vec<u8>,
    /// False when its pages could not be followed to the end: these are the first bytes.
    pub(in crate::store) is_whole: bool,
}

/// A cell with a row.
#[derive(Debug, Clone, Copy)]
struct Cell<'a> {
    id: i64,
    payload_bytes: usize,
    local: &'a [u8],
    overflow: Option<u32>,
}

impl Page {
    /// `None` when it is no page of a tree.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.bytes[self.header_at()] {
            0x0D => Some(Kind::TableLeaf),
            0x05 => Some(Kind::TableInterior),
            0x0A => Some(Kind::IndexLeaf),
            0x02 => Some(Kind::IndexInterior),
            _ => None,
        }
    }

    fn header_at(&self) -> usize {
        if self.number == 1 { DATABASE_HEADER_BYTES } else { 0 }
    }

    fn u16_at(&self, at: usize) -> usize {
        usize::from(u16::from_be_bytes([self.bytes[at], self.bytes[at + 1]]))
    }

    fn cells_at(&self, kind: Kind) -> usize {
        self.header_at() + if kind.is_leaf() { 8 } else { 12 }
    }

    /// How many cells it says it has, as far as there can be so many.
    pub(in crate::store) fn cell_count(&self) -> usize {
        let Some(kind) = self.kind() else { return 0 };
        self.u16_at(self.header_at() + 3).min((PAGE_BYTES - self.cells_at(kind)) / 2)
    }

    /// From the beginning of a cell to the end of the page.
    fn cell_bytes(&self, kind: Kind, index: usize) -> Option<&[u8]> {
        let cells_at = self.cells_at(kind);
        let at = self.u16_at(cells_at + 2 * index);
        let is_behind_the_pointers = at >= cells_at + 2 * self.cell_count();
        self.bytes.get(at..).filter(|_| is_behind_the_pointers)
    }

    fn cell(&self, index: usize) -> Option<Cell<'_>> {
        let kind = self.kind()?;
        let mut input = self.cell_bytes(kind, index)?;
        if kind == Kind::IndexInterior {
            input = input.get(4..)?;
        }
        let payload_bytes = varint(&mut input).filter(|bytes| *bytes <= PAYLOAD_BYTES_MAX)? as usize;
        let id = if kind == Kind::TableLeaf { varint(&mut input)? as i64 } else { 0 };
        let (local, rest) = input.split_at_checked(kind.local_bytes(payload_bytes))?;
        let overflow = match local.len() == payload_bytes {
            true => None,
            false => Some(u32::from_be_bytes(*rest.first_chunk()?)),
        };
        Some(Cell { id, payload_bytes, local, overflow })
    }

    /// The number of the first row, by which pages of rows are put into order.
    pub(super) fn first_id(&self) -> i64 {
        (0..self.cell_count()).find_map(|index| Some(self.cell(index)?.id)).unwrap_or(0)
    }

    /// False when some of its cells can't be what a cell is: then it may be a page of something else.
    pub(in crate::store) fn holds_together(&self) -> bool {
        let Some(kind) = self.kind() else { return false };
        self.u16_at(self.header_at() + 3) == self.cell_count()
            && (0..self.cell_count()).all(|index| match kind {
                Kind::TableInterior => self.cell_bytes(kind, index).is_some_and(|cell| cell.len() > 4),
                _ => self.cell(index).is_some(),
            })
    }

    /// The pages below, in the order of their rows.
    pub(super) fn children(&self) -> Vec<u32> {
        let Some(kind) = self.kind().filter(|kind| !kind.is_leaf()) else { return Vec::new() };
        let page = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let mut children: Vec<u32> =
            (0..self.cell_count()).map(|index| self.cell_bytes(kind, index).map_or(0, page)).collect();
        children.push(page(&self.bytes[self.header_at() + 8..]));
        children
    }

    /// The row in a cell; `None` when the cell is damaged, or there is none.
    pub(in crate::store) fn row(&self, pages: &Pages, index: usize) -> Option<Row> {
        self.kind().filter(|kind| *kind != Kind::TableInterior)?;
        let cell = self.cell(index)?;
        Some(Row { id: cell.id, payload: payload(pages, cell) })
    }

    /// The pages on which the row in a cell goes on.
    #[cfg(test)]
    pub(super) fn overflow_of(&self, pages: &Pages, index: usize) -> Vec<u32> {
        let Some(cell) = self.cell(index) else { return Vec::new() };
        let (mut on, mut next) = (Vec::new(), cell.overflow);
        while let Some(number) = next
            && on.len() * OVERFLOW_BYTES < cell.payload_bytes - cell.local.len()
        {
            on.push(number);
            let page = pages.read(number);
            next = page.and_then(|page| page.bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)));
        }
        on
    }

    /// The pages of the list of free pages that this one, a trunk of it, names, and the next trunk.
    pub(super) fn freed(&self) -> (Vec<u32>, u32) {
        let number = |index: usize| {
            self.bytes[index * 4..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
        };
        let count = (number(1) as usize).min(PAGE_BYTES / 4 - 2);
        ((2..2 + count).map(number).collect(), number(0))
    }

    /// In the first page: the first trunk of the list of free pages.
    pub(super) fn first_trunk(&self) -> u32 {
        self.bytes[32..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
    }
}

/// Puts a row together from its cell and the pages of its overflow. These are as many as its size says, so the walk ends.
fn payload(pages: &Pages, cell: Cell<'_>) -> Payload {
    let mut bytes = cell.local.to_vec();
    let mut next = cell.overflow;
    while let Some(number) = next
        && bytes.len() < cell.payload_bytes
    {
        let Some(page) = pages.read(number) else { break };
        let wanted = (cell.payload_bytes - bytes.len()).min(OVERFLOW_BYTES);
        bytes.extend_from_slice(&page.bytes[4..4 + wanted]);
        next = page.bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    }
    let is_whole = bytes.len() == cell.payload_bytes;
    Payload { bytes, is_whole }
}

/// SQLite's integers: seven bits a byte, the most significant first; the ninth byte has eight.
pub(super) fn varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for place in 1..=9 {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        if place == 9 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
