//! What bodies share: texts, bytes, lists, and the names of records.

use core::ffi::c_char;

use firmware_protocol::{List, body};

use crate::{PatrolError, edge};

/// UTF-8, not ended by a zero. Borrowed: what an opened body holds points into its frame, what is sealed stays the
/// caller's. Empty (len 0) means absent; `at` may then be NULL.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolText {
    /// Its first byte.
    pub at: *const c_char,
    /// Its bytes.
    pub len: usize,
}

impl PatrolText {
    pub(crate) fn of(text: &str) -> Self {
        Self { at: text.as_ptr().cast(), len: text.len() }
    }

    /// # Safety
    ///
    /// Where `at` is not NULL there are `len` bytes that nobody writes to for `'a`.
    pub(crate) unsafe fn get<'a, const N: usize>(
        &self,
    ) -> Result<firmware_protocol::Text<'a, N>, PatrolError> {
        // SAFETY: as the caller says.
        let bytes = unsafe { edge::slice(self.at.cast::<u8>(), self.len) }?;
        let text = core::str::from_utf8(bytes).map_err(|_| PatrolError::Utf8)?;
        Ok(firmware_protocol::Text::new(text)?)
    }
}

/// Bytes, borrowed like a text.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolBytes {
    /// The first one.
    pub at: *const u8,
    /// How many.
    pub len: usize,
}

impl PatrolBytes {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { at: bytes.as_ptr(), len: bytes.len() }
    }

    /// # Safety
    ///
    /// Where `at` is not NULL there are `len` bytes that nobody writes to for `'a`.
    pub(crate) unsafe fn get<'a, const N: usize>(
        &self,
    ) -> Result<firmware_protocol::Bytes<'a, N>, PatrolError> {
        // SAFETY: as the caller says.
        let bytes = unsafe { edge::slice(self.at, self.len) }?;
        Ok(firmware_protocol::Bytes::new(bytes)?)
    }
}

/// Names another record of the same device; (0, 0) = absent.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct PatrolRecordRef {
    /// Boot counter of the record.
    pub boot: u32,
    /// Number within that boot.
    pub seq: u32,
}

impl PatrolRecordRef {
    pub(crate) fn of(record: body::RecordRef) -> Self {
        let body::RecordRef { boot, seq } = record;
        Self { boot, seq }
    }

    pub(crate) fn get(self) -> body::RecordRef {
        body::RecordRef { boot: self.boot, seq: self.seq }
    }
}

/// The first `count` of the elements, each made into its like of the reference.
pub(crate) fn list<T: Copy, U: Copy + Default, const N: usize>(
    elements: &[T; N],
    count: usize,
    get: impl Fn(T) -> U,
) -> Result<List<U, N>, PatrolError> {
    let mut list = List::new();
    for &element in elements.get(..count).ok_or(PatrolError::Capacity)? {
        list.push(get(element))?;
    }
    Ok(list)
}
