//! A record as a chunk's body has it.
//!
//! ```text
//! record   = flags u8 | device | boot or run | seq or number | zigzag(received_at - the one before's) | payload
//!            | casework | gateway | anchor            as far as flags says that they are there
//! device   = len u8, text           gateway = len u8, text
//! payload  = len, bytes             casework = len, text
//! anchor   = zigzag(booted_at) | quality u8
//! ```
//! Integers without a type are LEB128.

use bytes::Bytes;

use super::format::gateway_name;
use crate::domain::anchor::Anchor;
use crate::domain::report::{Class, DeviceId, Identity, TimeQuality};
use crate::domain::varint;
use crate::store::record::StoredRecord;

/// The gateway gave it its identity.
const MINTED: u8 = 1;
/// It has casework.
const CASEWORK: u8 = 2;
/// Another gateway than the one that made the file took it.
const GATEWAY: u8 = 4;
/// It has the anchor of its boot.
const ANCHOR: u8 = 8;
/// No other bit means anything.
const KNOWN_FLAGS: u8 = MINTED | CASEWORK | GATEWAY | ANCHOR;

/// A record with what it takes to date it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedRecord {
    /// The record; its gateway is none when it is the one that made the file.
    pub record: StoredRecord,
    /// For a frame whose device did not know the time: when its boot was.
    pub anchor: Option<Anchor>,
}

/// Appends a record; `before_ms` is when the one before it was received, and becomes when this one was.
pub(super) fn put(
    out: &mut Vec<u8>,
    ExportedRecord { record, anchor }: &ExportedRecord,
    before_ms: &mut i64,
) {
    let (minted, major, minor) = match record.identity {
        Identity::Device { boot, seq } => (0, u64::from(boot), seq),
        Identity::Minted { run, number } => (MINTED, run, number),
    };
    let flag = |bit, is_there: bool| if is_there { bit } else { 0 };
    out.push(
        minted
            | flag(CASEWORK, record.casework.is_some())
            | flag(GATEWAY, record.gateway.is_some())
            | flag(ANCHOR, anchor.is_some()),
    );
    put_name(out, record.device.as_str());
    varint::put(out, major);
    varint::put(out, u64::from(minor));
    varint::put(out, varint::zigzag(record.received_at_ms.wrapping_sub(*before_ms)));
    *before_ms = record.received_at_ms;
    put_bytes(out, &record.payload);
    if let Some(casework) = &record.casework {
        put_bytes(out, casework.as_bytes());
    }
    if let Some(gateway) = &record.gateway {
        put_name(out, gateway);
    }
    if let Some(Anchor { booted_at_ms, quality }) = anchor {
        varint::put(out, varint::zigzag(*booted_at_ms));
        out.push(*quality as u8);
    }
}

/// Takes a record from the front of `input`, which is a part of `body`; `None` when it does not parse.
pub(super) fn take(
    body: &Bytes,
    input: &mut &[u8],
    class: Class,
    before_ms: &mut i64,
) -> Option<ExportedRecord> {
    let flags = take_byte(input).filter(|flags| flags & !KNOWN_FLAGS == 0)?;
    let device = DeviceId::parse(std::str::from_utf8(take_name(input)?).ok()?)?;
    let major = varint::take(input)?;
    let minor = u32::try_from(varint::take(input)?).ok()?;
    let identity = match flags & MINTED {
        0 => Identity::Device { boot: u32::try_from(major).ok()?, seq: minor },
        _ => Identity::Minted { run: major, number: minor },
    };
    *before_ms = before_ms.wrapping_add(varint::unzigzag(varint::take(input)?));
    let payload = body.slice_ref(take_bytes(input)?);
    let casework = match flags & CASEWORK {
        0 => None,
        _ => Some(std::str::from_utf8(take_bytes(input)?).ok()?.to_owned()),
    };
    let gateway = match flags & GATEWAY {
        0 => None,
        _ => Some(gateway_name(take_name(input)?)?),
    };
    let anchor = match flags & ANCHOR {
        0 => None,
        _ => Some(take_anchor(input)?),
    };
    let received_at_ms = *before_ms;
    let record = StoredRecord { device, identity, class, received_at_ms, payload, casework, gateway };
    Some(ExportedRecord { record, anchor })
}

fn take_anchor(input: &mut &[u8]) -> Option<Anchor> {
    let booted_at_ms = varint::unzigzag(varint::take(input)?);
    let quality = *TimeQuality::ALL.get(usize::from(take_byte(input)?))?;
    Some(Anchor { booted_at_ms, quality })
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_byte(input: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = input.split_first()?;
    *input = rest;
    Some(byte)
}

fn take_name<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::from(take_byte(input)?);
    take_len(input, len)
}

fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(varint::take(input)?).ok()?;
    take_len(input, len)
}

fn take_len<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(taken)
}
