//! Any body as its next revision could be.

use firmware_protocol::body::{Body, Capabilities, FixType, Quantity, RecordRef, SensorReading, Setting};
use firmware_protocol::{Bytes, DegreesE7, List, MessageType, Text, Wire};
use serde::{Deserialize, Serialize};

/// `B` with a field of every kind appended. (A nested struct has no bytes of its own, so this is what appending to
/// `B` gives.) `Next<Next<B>>` is the revision after that.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Next<B> {
    pub(crate) before: B,
    #[serde(borrow)]
    pub(crate) appended: Appended<'static>,
}

/// A field of every kind. The text stands in the middle, so that a body can end before, in and behind it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Appended<'a> {
    byte: u8,
    signed_byte: i8,
    short: u16,
    signed_short: i16,
    word: u32,
    signed_word: i32,
    long: u64,
    signed_long: i64,
    fixed: [u8; 3],
    degrees: DegreesE7,
    set: FixType,
    wide_set: Quantity,
    bits: Capabilities,
    #[serde(borrow)]
    text: Text<'a, 8>,
    #[serde(borrow)]
    bytes: Bytes<'a, 8>,
    records: List<RecordRef, 4>,
    #[serde(borrow)]
    settings: List<Setting<'a>, 2>,
    nested: SensorReading,
}

impl Appended<'_> {
    /// Bytes of the zero value in front of the text's length.
    pub(crate) const TEXT_AT: usize = 8 + 3 + 4 + 3;

    /// A value without a 0.
    pub(crate) fn some() -> Self {
        let setting = Setting { value: Bytes::new(&[1, 2]).unwrap(), ..Setting::default() };
        Self {
            byte: 61,
            signed_byte: -1,
            short: 300,
            signed_short: i16::MIN,
            word: u32::MAX,
            signed_word: -12_000,
            long: u64::MAX,
            signed_long: i64::MIN,
            fixed: [1, 2, 3],
            degrees: DegreesE7::new(-1),
            set: FixType(200),
            wide_set: Quantity(40_000),
            bits: Capabilities::CAMERA,
            text: Text::new("巡查12").unwrap(),
            bytes: Bytes::new(&[0xFF, 0]).unwrap(),
            records: List::from_slice(&[RecordRef { boot: 7, seq: 1 }; 3]).unwrap(),
            settings: List::from_slice(&[setting]).unwrap(),
            nested: SensorReading { value: -1, ..SensorReading::default() },
        }
    }
}

impl Wire for Appended<'_> {
    const MIN_LEN: usize = Self::TEXT_AT + 4 + SensorReading::MIN_LEN;
    const MAX_LEN: usize = 256; // a bound, not the exact length
}

impl<B: Wire> Wire for Next<B> {
    const MIN_LEN: usize = B::MIN_LEN + Appended::MIN_LEN;
    const MAX_LEN: usize = B::MAX_LEN + Appended::MAX_LEN;
}

impl<B: Body> Body for Next<B> {
    const MESSAGE_TYPE: MessageType = B::MESSAGE_TYPE;
    const MIN_LENS: &'static [usize] =
        { const { &with(B::MIN_LENS, Self::MIN_LEN) }.split_at(B::MIN_LENS.len() + 1).0 };
}

/// These lengths with one appended, and zeros behind it.
const fn with(min_lens: &[usize], appended: usize) -> [usize; 256] {
    let mut all = [0; 256];
    let mut at = 0;
    while at < min_lens.len() {
        all[at] = min_lens[at];
        at += 1;
    }
    all[at] = appended;
    all
}
