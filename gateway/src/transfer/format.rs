//! The frame of the file: what stands before the chunks and after them. docs/export-format.md has the layout.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use crate::domain::report::Class;
use crate::store::record::is_gateway_name;

/// How a file begins.
pub const MAGIC: [u8; 8] = *b"PATROLEX";
/// The version that is written, and the only one that is read.
pub const VERSION: u8 = 1;
/// How a chunk begins.
pub const CHUNK_TAG: [u8; 4] = *b"CHNK";
/// How the trailer begins.
pub const TRAILER_TAG: [u8; 4] = *b"DONE";
/// Bytes of a SHA-256, the last of a file.
pub const DIGEST_LEN: usize = 32;
/// Bytes of the trailer before the digest.
pub const TOTALS_LEN: usize = 4 + 4 + Class::ALL.len() * 24;

/// Bytes of a header before the name of the gateway, and behind it.
const BEFORE_NAME_LEN: usize = 8 + 1 + 1 + 1;
const BEHIND_NAME_LEN: usize = 16 + 8 + 4;

/// Why a file, or a part of one, can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It does not begin like one.
    #[error("not an export of a patrol gateway")]
    NotAnExport,
    /// It was written by a newer version of this program: use that one.
    #[error("an export of version {0}, and this program knows version {VERSION}")]
    Newer(u8),
    /// It ends too early: the export was interrupted, or the copy was.
    #[error("it ends before its end")]
    Truncated,
    /// A checksum or a bound does not hold, or something does not fit the rest.
    #[error("{0}")]
    Damaged(&'static str),
    /// It can't be read.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for FormatError {
    fn from(error: io::Error) -> FormatError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => FormatError::Truncated,
            _ => FormatError::Io(error),
        }
    }
}

/// The name of an export: chance, so that no two have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExportId(pub [u8; 16]);

impl ExportId {
    /// A name from chance.
    pub fn new(chance: &mut fastrand::Rng) -> ExportId {
        ExportId(chance.u128(..).to_le_bytes())
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<ExportId> {
        let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(|id| ExportId(id.to_be_bytes()))
    }
}

impl fmt::Display for ExportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The classes that an export has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classes(u8);

impl Classes {
    /// All of them.
    pub const ALL: Classes = Classes((1 << Class::ALL.len()) - 1);

    /// These classes.
    pub fn of(classes: impl IntoIterator<Item = Class>) -> Classes {
        Classes(classes.into_iter().fold(0, |bits, class| bits | 1 << number_of(class)))
    }

    /// Whether a class is one of them.
    pub fn contains(self, class: Class) -> bool {
        self.0 >> number_of(class) & 1 == 1
    }

    /// The classes, most urgent first.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.contains(*class))
    }

    fn read(bits: u8) -> Option<Classes> {
        (bits & !Classes::ALL.0 == 0).then_some(Classes(bits))
    }
}

/// A class's number in the file.
pub(super) fn number_of(class: Class) -> u8 {
    match class {
        Class::Incident => 0,
        Class::Task => 1,
        Class::Evidence => 2,
        Class::Status => 3,
        Class::Reading => 4,
        Class::Telemetry => 5,
    }
}

/// The class with this number.
pub(super) fn class_of(number: u8) -> Option<Class> {
    Class::ALL.into_iter().find(|class| number_of(*class) == number)
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The gateway that made it, and that took the records that name no other.
    pub gateway: Arc<str>,
    /// Its name.
    pub export: ExportId,
    /// When it was begun, by that gateway's clock, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// The classes it has.
    pub classes: Classes,
}

impl Header {
    /// The header as bytes; a gateway's name has 32 of them at most.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend([VERSION, self.classes.0, self.gateway.len() as u8]);
        out.extend(self.gateway.as_bytes());
        out.extend(self.export.0);
        out.extend(self.created_at_ms.to_le_bytes());
        out.extend(crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// Reads a header; gives its bytes too, which the digest covers.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn read(input: &mut impl Read) -> Result<(Header, Vec<u8>), FormatError> {
        let mut bytes = vec![0; BEFORE_NAME_LEN];
        input.read_exact(&mut bytes)?;
        if !bytes.starts_with(&MAGIC) {
            return Err(FormatError::NotAnExport);
        }
        let (version, name_len) = (bytes[8], usize::from(bytes[10]));
        if version != VERSION {
            return Err(FormatError::Newer(version));
        }
        bytes.resize(BEFORE_NAME_LEN + name_len + BEHIND_NAME_LEN, 0);
        input.read_exact(&mut bytes[BEFORE_NAME_LEN..])?;
        let header = decode(&bytes, name_len).ok_or(FormatError::Damaged("the header is damaged"))?;
        Ok((header, bytes))
    }
}

fn decode(bytes: &[u8], name_len: usize) -> Option<Header> {
    let (checked, crc) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(checked).to_le_bytes() != *crc {
        return None;
    }
    let (checked, created_at) = checked.split_last_chunk::<8>()?;
    let (checked, export) = checked.split_last_chunk::<16>()?;
    Some(Header {
        gateway: gateway_name(checked.get(checked.len() - name_len..)?)?,
        export: ExportId(*export),
        created_at_ms: i64::from_le_bytes(*created_at),
        classes: Classes::read(bytes[9])?,
    })
}

/// A gateway's name; `None` when it has not the form of one.
pub fn gateway_name(text: &[u8]) -> Option<Arc<str>> {
    let text = std::str::from_utf8(text).ok()?;
    is_gateway_name(text).then(|| text.into())
}

/// What there is of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassTotals {
    /// Records.
    pub records: u64,
    /// Their payload bytes.
    pub payload_bytes: u64,
    /// Records that the gateway could not read, because they were damaged at rest: they are not in the file.
    pub unreadable: u64,
}

/// What there is in the chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Chunks.
    pub chunks: u32,
    by_class: [ClassTotals; Class::ALL.len()],
}

impl Totals {
    /// What there is of one class.
    pub fn class(&self, class: Class) -> ClassTotals {
        self.by_class[usize::from(number_of(class))]
    }

    /// What there is of all classes.
    pub fn sum(&self) -> ClassTotals {
        self.by_class.iter().fold(ClassTotals::default(), |sum, each| ClassTotals {
            records: sum.records.saturating_add(each.records),
            payload_bytes: sum.payload_bytes.saturating_add(each.payload_bytes),
            unreadable: sum.unreadable.saturating_add(each.unreadable),
        })
    }

    /// Adds a chunk.
    pub fn add(&mut self, class: Class, chunk: ClassTotals) {
        self.chunks = self.chunks.saturating_add(1);
        let totals = &mut self.by_class[usize::from(number_of(class))];
        totals.records = totals.records.saturating_add(chunk.records);
        totals.payload_bytes = totals.payload_bytes.saturating_add(chunk.payload_bytes);
        totals.unreadable = totals.unreadable.saturating_add(chunk.unreadable);
    }

    /// The trailer before the digest.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = TRAILER_TAG.to_vec();
        out.extend(self.chunks.to_le_bytes());
        for ClassTotals { records, payload_bytes, unreadable } in self.by_class {
            for number in [records, payload_bytes, unreadable] {
                out.extend(number.to_le_bytes());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_shown_and_nothing_else_is() {
        let id = ExportId(*b"0123456789abcdef");
        assert_eq!(ExportId::parse(&id.to_string()), Some(id));
        for wrong in ["", "12", &"g".repeat(32), &"+".repeat(32), &format!("+{}", "1".repeat(31))] {
            assert_eq!(ExportId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn classes_come_most_urgent_first_however_they_were_named() {
        let classes = Classes::of([Class::Telemetry, Class::Incident, Class::Telemetry]);
        assert!(classes.iter().eq([Class::Incident, Class::Telemetry]));
        assert!(Classes::ALL.iter().eq(Class::ALL));
        assert_eq!(Classes::read(0x40), None);
    }
}
