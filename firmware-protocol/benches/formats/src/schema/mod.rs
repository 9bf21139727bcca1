//! The messages as protobuf, CBOR and MessagePack would have them: one struct for the three, so that they carry the
//! same.
//!
//! The types are the best each format has. Protobuf: `sint32` where a number can be below 0, `sfixed32` for a place
//! (5 bytes less one as a varint), nothing at all for a field that is 0, packed lists of numbers. CBOR and MessagePack:
//! arrays without names, byte strings for bytes, each number as short as it can be.

mod evidence;
mod frame;
mod reports;
mod tasks;
mod tracks;

pub(crate) use evidence::EvidenceMeta;
pub(crate) use frame::Frame;
pub(crate) use reports::{Incident, SensorColumns, SensorReport, Status, Telemetry};
pub(crate) use tasks::{Task, TaskAck};
pub(crate) use tracks::{TrackChanges, TrackDeltas, TrackPoints};

use firmware_protocol::body;
use serde::{Deserialize, Serialize};

/// A message of all three formats.
pub(crate) trait Message:
    prost::Message
    + Default
    + PartialEq
    + Serialize
    + for<'b> Deserialize<'b>
    + minicbor::Encode<()>
    + for<'b> minicbor::Decode<'b, ()>
{
}

impl<T> Message for T where
    T: prost::Message
        + Default
        + PartialEq
        + Serialize
        + for<'b> Deserialize<'b>
        + minicbor::Encode<()>
        + for<'b> minicbor::Decode<'b, ()>
{
}

/// Names another record.
#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct RecordRef {
    #[n(0)] #[prost(uint32, tag = 1)] boot: u32,
    #[n(1)] #[prost(uint32, tag = 2)] seq: u32,
}

impl From<&body::RecordRef> for RecordRef {
    fn from(&body::RecordRef { boot, seq }: &body::RecordRef) -> Self {
        Self { boot, seq }
    }
}
