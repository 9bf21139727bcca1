//! Encoding and decoding in each format, in the way its library's documentation shows. Output goes into a buffer that
//! is kept; JSON and our own borrow their texts, the others own them.

use firmware_protocol::body::{
    Body, EvidenceMeta, Incident, SensorReport, Status, Task, TaskAck, Telemetry, TrackBatch,
};
use serde::{Deserialize, Serialize};

use crate::schema::Message;
use crate::{flavor, json, schema};

/// A body of ours and what it is in the other formats.
pub(crate) trait Sample: Body + Copy + PartialEq + Deserialize<'static> + 'static {
    /// For protobuf, CBOR and MessagePack.
    type Message: Message + for<'a> From<&'a Self>;
    /// For JSON.
    type Json: Serialize + Deserialize<'static> + PartialEq + for<'a> From<&'a Self>;
}

macro_rules! samples {
    ($($body:ty => $message:ty, $json:ty;)+) => {
        $(impl Sample for $body {
            type Message = $message;
            type Json = $json;
        })+
    };
}

samples! {
    Telemetry => schema::Telemetry, json::Telemetry<'static>;
    SensorReport => schema::SensorReport, json::SensorReport<'static>;
    Incident<'static> => schema::Incident, json::Incident<'static>;
    EvidenceMeta => schema::EvidenceMeta, json::EvidenceMeta<'static>;
    Status<'static> => schema::Status, json::Status<'static>;
    Task<'static> => schema::Task, json::Task<'static>;
    TaskAck<'static> => schema::TaskAck, json::TaskAck<'static>;
    TrackBatch => schema::TrackDeltas, json::Track<'static>;
}

/// Nothing that is encoded here is larger.
pub(crate) const BUFFER_LEN: usize = 16 * 1024;

const FITS: &str = "a message of a known size fits into its buffer";

pub(crate) fn to_body<B: Serialize>(body: &B, out: &mut [u8]) -> usize {
    flavor::encode(body, out).expect(FITS)
}

pub(crate) fn to_protobuf<M: prost::Message>(message: &M, out: &mut Vec<u8>) {
    out.clear();
    message.encode(out).expect(FITS);
}

pub(crate) fn to_cbor<M: minicbor::Encode<()>>(message: &M, out: &mut Vec<u8>) {
    out.clear();
    minicbor::encode(message, out).expect(FITS);
}

pub(crate) fn to_messagepack<M: Serialize>(message: &M, out: &mut Vec<u8>) {
    out.clear();
    rmp_serde::encode::write(out, message).expect(FITS);
}

pub(crate) fn to_json<J: Serialize>(json: &J, out: &mut Vec<u8>) {
    out.clear();
    serde_json::to_writer(out, json).expect(FITS);
}

const OWN: &str = "what was encoded here can be decoded";

pub(crate) fn from_protobuf<M: Message>(bytes: &[u8]) -> M {
    prost::Message::decode(bytes).expect(OWN)
}

pub(crate) fn from_cbor<M: Message>(bytes: &[u8]) -> M {
    minicbor::decode(bytes).expect(OWN)
}

pub(crate) fn from_messagepack<M: Message>(bytes: &[u8]) -> M {
    rmp_serde::from_slice(bytes).expect(OWN)
}

pub(crate) fn from_json<'a, J: Deserialize<'a>>(bytes: &'a [u8]) -> J {
    serde_json::from_slice(bytes).expect(OWN)
}
