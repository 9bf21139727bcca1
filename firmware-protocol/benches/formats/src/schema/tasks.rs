//! Orders of the platform, and what became of them.

use firmware_protocol::body;
use serde::{Deserialize, Serialize};

use super::RecordRef;

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Task {
    #[n(0)] #[prost(uint64, tag = 1)] task: u64,
    #[n(1)] #[prost(uint32, tag = 2)] revision: u32,
    #[n(2)] #[prost(uint32, tag = 3)] kind: u32,
    #[n(3)] #[prost(uint32, tag = 4)] priority: u32,
    #[n(4)] #[prost(uint64, tag = 5)] issued_unix_ms: u64,
    #[n(5)] #[prost(uint64, tag = 6)] deadline_unix_ms: u64,
    #[n(6)] #[prost(uint32, tag = 7)] fix: u32,
    #[n(7)] #[prost(sfixed32, tag = 8)] lat_e7: i32,
    #[n(8)] #[prost(sfixed32, tag = 9)] lon_e7: i32,
    #[n(9)] #[prost(uint32, tag = 10)] radius_m: u32,
    #[n(10)] #[prost(string, tag = 11)] stall_card: String,
    #[n(11)] #[prost(string, tag = 12)] title: String,
    #[n(12)] #[prost(string, tag = 13)] text: String,
}

impl From<&body::Task<'_>> for Task {
    fn from(task: &body::Task<'_>) -> Self {
        Self {
            task: task.task,
            revision: task.revision,
            kind: task.kind.0.into(),
            priority: task.priority.into(),
            issued_unix_ms: task.issued_unix_ms,
            deadline_unix_ms: task.deadline_unix_ms,
            fix: task.fix.0.into(),
            lat_e7: task.lat_e7.get(),
            lon_e7: task.lon_e7.get(),
            radius_m: task.radius_m,
            stall_card: task.stall_card.to_string(),
            title: task.title.to_string(),
            text: task.text.to_string(),
        }
    }
}

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct TaskAck {
    #[n(0)] #[prost(uint64, tag = 1)] task: u64,
    #[n(1)] #[prost(uint32, tag = 2)] revision: u32,
    #[n(2)] #[prost(uint32, tag = 3)] state: u32,
    #[n(3)] #[prost(uint32, tag = 4)] reason: u32,
    #[n(4)] #[prost(uint32, tag = 5)] age_ms: u32,
    #[n(5)] #[prost(string, tag = 6)] note: String,
    #[n(6)] #[prost(message, repeated, tag = 7)] evidence: Vec<RecordRef>,
}

impl From<&body::TaskAck<'_>> for TaskAck {
    fn from(ack: &body::TaskAck<'_>) -> Self {
        Self {
            task: ack.task,
            revision: ack.revision,
            state: ack.state.0.into(),
            reason: ack.reason.0.into(),
            age_ms: ack.age_ms,
            note: ack.note.to_string(),
            evidence: ack.evidence.iter().map(RecordRef::from).collect(),
        }
    }
}
