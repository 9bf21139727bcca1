//! Bodies of every type: the typical and the largest ones of the golden vectors, and any others. One file each, as in
//! the sources.

mod ack;
mod config;
mod evidence;
mod incident;
mod sensor;
mod status;
mod task;
mod telemetry;
mod time_sync;
mod track;

pub(crate) use incident::{any_incident_parts, incident_of, maximum_incident, typical_incident};
pub(crate) use telemetry::{any_telemetry, typical_telemetry};

use std::fmt::Debug;

use firmware_protocol::body::{Body, FixType, RecordRef};
use firmware_protocol::{Bytes, DegreesE7, List, Text};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;

/// A body type with the values that the tests of every type need.
pub(crate) trait Sample:
    Body + Deserialize<'static> + PartialEq + Debug + Default + Copy + 'static
{
    /// The text of its file of golden vectors.
    const VECTORS: &'static str;

    /// The value of its newest vector "typical".
    fn typical() -> Self;

    /// The value of its newest vector "maximum".
    fn maximum() -> Self;

    /// Any value.
    fn any() -> BoxedStrategy<Self>;
}

/// A text of 24 bytes of this letter.
pub(crate) fn letters(letter: u8) -> Text<'static, 24> {
    Text::new(String::from_utf8(vec![letter; 24]).unwrap().leak()).unwrap()
}

/// 80 characters of 3 bytes.
pub(crate) const STREETS: &str = "街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街\
                                  街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街街";

pub(crate) const LARGEST_RECORD: RecordRef = RecordRef { boot: u32::MAX, seq: u32::MAX };

fn record((boot, seq): (u32, u32)) -> RecordRef {
    RecordRef { boot, seq }
}

/// Texts for any field; too long ones are cut where they are used.
pub(crate) fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![".{0,8}", ".{0,300}", "[ -~]{0,260}"]
}

/// Any text of a field; never freed, because it is borrowed for the test's life.
fn any_text<const N: usize>() -> impl Strategy<Value = Text<'static, N>> {
    any_string().prop_map(|text| Text::truncated(text.leak()))
}

/// Any bytes of a field; never freed, because they are borrowed for the test's life.
fn any_bytes<const N: usize>() -> impl Strategy<Value = Bytes<'static, N>> {
    vec(any::<u8>(), 0..=N).prop_map(|bytes| Bytes::new(bytes.leak()).unwrap())
}

/// Any list of these elements.
fn any_list<T: Copy + Default + Debug, const N: usize>(
    element: impl Strategy<Value = T>,
) -> impl Strategy<Value = List<T, N>> {
    vec(element, 0..=N).prop_map(|elements| List::from_slice(&elements).unwrap())
}

fn any_record() -> impl Strategy<Value = RecordRef> {
    any::<(u32, u32)>().prop_map(record)
}

/// Fix, latitude and longitude.
fn any_place() -> impl Strategy<Value = (FixType, DegreesE7, DegreesE7)> {
    any::<(u8, i32, i32)>()
        .prop_map(|(fix, lat, lon)| (FixType(fix), DegreesE7::new(lat), DegreesE7::new(lon)))
}
