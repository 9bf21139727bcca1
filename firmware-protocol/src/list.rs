//! A list of bounded length, held in place.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::error::TooLong;
use crate::wire::{Wire, length_prefix_len};

/// At most `N` elements. On the wire: their number as a varint, then the elements. Empty means absent.
///
/// Only the first `len` slots count; the others hold defaults. Invariant: `len <= N`.
#[derive(Clone, Copy)]
pub struct List<T, const N: usize> {
    slots: [T; N],
    len: usize,
}

impl<T: Copy + Default, const N: usize> List<T, N> {
    /// The empty list.
    pub fn new() -> Self {
        Self { slots: [T::default(); N], len: 0 }
    }

    /// A list of all `elements`, or an error when there are more than `N`.
    pub fn from_slice(elements: &[T]) -> Result<Self, TooLong> {
        let mut list = Self::new();
        let slots = list.slots.get_mut(..elements.len()).ok_or(TooLong { len: elements.len(), max: N })?;
        slots.copy_from_slice(elements);
        list.len = elements.len();
        Ok(list)
    }

    /// Appends an element, or returns an error when the list is full.
    pub fn push(&mut self, element: T) -> Result<(), TooLong> {
        let slot = self.slots.get_mut(self.len).ok_or(TooLong { len: N + 1, max: N })?;
        *slot = element;
        self.len += 1;
        Ok(())
    }
}

impl<T, const N: usize> Deref for List<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.slots.get(..self.len).unwrap_or_default()
    }
}

impl<T: Copy + Default, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: PartialEq, const N: usize> PartialEq for List<T, N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq, const N: usize> Eq for List<T, N> {}

impl<T: fmt::Debug, const N: usize> fmt::Debug for List<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Serialize, const N: usize> Serialize for List<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de> + Copy + Default, const N: usize> Deserialize<'de> for List<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

/// Collects the elements of a [`List`] and refuses one too many.
struct Elements<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Copy + Default, const N: usize> Visitor<'de> for Elements<T, N> {
    type Value = List<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {N} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = List::new();
        while let Some(element) = elements.next_element()? {
            list.push(element).map_err(A::Error::custom)?;
        }
        Ok(list)
    }
}

impl<T: Wire, const N: usize> Wire for List<T, N> {
    const MIN_LEN: usize = 1;
    const MAX_LEN: usize = length_prefix_len(N) + N * T::MAX_LEN;
}
