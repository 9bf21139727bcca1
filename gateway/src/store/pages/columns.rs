//! The columns of a row.

use super::tree::varint;

/// A column's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(in crate::store) fn integer(self) -> Option<i64> {
        if let Value::Integer(number) = self { Some(number) } else { None }
    }

    pub(in crate::store) fn text(self) -> Option<&'a str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(in crate::store) fn blob(self) -> Option<&'a [u8]> {
        if let Value::Blob(bytes) = self { Some(bytes) } else { None }
    }

    /// NULL, or a text.
    pub(in crate::store) fn optional_text(self) -> Option<Option<&'a str>> {
        if self == Value::Null { Some(None) } else { self.text().map(Some) }
    }
}

/// The columns of a row, in the order of the table; `None` when these bytes are no row. Columns that were added to the table
/// after the row was written are missing. Of a row that is cut off, a last blob is what is left of it.
pub(in crate::store) fn columns(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut rest = payload;
    let header_bytes = varint(&mut rest)? as usize;
    let size_bytes = payload.len() - rest.len();
    let (mut types, mut body) = (payload.get(size_bytes..header_bytes)?, payload.get(header_bytes..)?);
    let mut values = Vec::new();
    while !types.is_empty() {
        let kind = varint(&mut types)?;
        let Some(value) = take(kind, &mut body)? else { break };
        values.push(value);
    }
    Some(values)
}

/// `Some(None)` when the row is cut off before this column.
#[expect(clippy::option_option, reason = "damaged and cut off are two things")]
fn take<'a>(kind: u64, body: &mut &'a [u8]) -> Option<Option<Value<'a>>> {
    let bytes = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind as usize,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        _ => usize::try_from((kind - 12) / 2).ok()?,
    };
    let is_blob = kind >= 12 && kind.is_multiple_of(2);
    if bytes > body.len() && !is_blob {
        return Some(None);
    }
    let (value, rest) = body.split_at(bytes.min(body.len()));
    *body = rest;
    Some(Some(match kind {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        7 => Value::Real(f64::from_be_bytes(*value.first_chunk()?)),
        1..=6 => Value::Integer(signed(value)),
        _ if is_blob => Value::Blob(value),
        _ => Value::Text(std::str::from_utf8(value).ok()?),
    }))
}

fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |value: i64, &byte| value << 8 | i64::from(byte))
}
