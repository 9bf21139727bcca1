//! A body in every format.

use firmware_protocol::body::Telemetry;
use firmware_protocol::{DeviceSecret, Direction, FrameKey, Header, Suite, seal};

use crate::codec::{BUFFER_LEN, Sample, to_body, to_cbor, to_json, to_messagepack, to_protobuf};
use crate::samples::header_of;
use crate::{json, schema};

/// The bytes of one body in every format.
pub(crate) struct Encoded {
    pub(crate) body: Vec<u8>,
    pub(crate) protobuf: Vec<u8>,
    pub(crate) cbor: Vec<u8>,
    pub(crate) messagepack: Vec<u8>,
    pub(crate) json: Vec<u8>,
}

impl Encoded {
    pub(crate) fn of<S: Sample>(sample: &S) -> Self {
        let message = S::Message::from(sample);
        Self {
            body: {
                let mut out = vec![0; BUFFER_LEN];
                let len = to_body(sample, &mut out);
                out.truncate(len);
                out
            },
            protobuf: filled(|out| to_protobuf(&message, out)),
            cbor: filled(|out| to_cbor(&message, out)),
            messagepack: filled(|out| to_messagepack(&message, out)),
            json: filled(|out| to_json(&S::Json::from(sample), out)),
        }
    }

    /// The frame of the protobuf body in protobuf.
    pub(crate) fn protobuf_frame(&self, header: &Header) -> Vec<u8> {
        filled(|out| to_protobuf(&schema::Frame::of(header, self.protobuf.clone()), out))
    }

    /// The JSON with what a frame's header says, as a device would send it.
    pub(crate) fn json_message(&self, header: &Header) -> Vec<u8> {
        let head = json::Head {
            boot: header.boot,
            seq: header.seq,
            uptime_ms: header.uptime_ms,
            time: "2026-11-23T09:12:44.120+08:00",
            time_quality: "gnss",
        };
        let mut message = filled(|out| to_json(&head, out));
        message.pop(); // its brace
        message.push(b',');
        message.extend_from_slice(&self.json[1..]);
        message
    }
}

fn filled(fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    fill(&mut out);
    out
}

/// The sealed frame of a sample.
pub(crate) fn frame<S: Sample>(sample: &S, key: &FrameKey) -> Vec<u8> {
    let mut out = vec![0; BUFFER_LEN];
    let len = seal(&header_of::<S>(), sample, key, &mut out).expect("samples fit into frames");
    out.truncate(len);
    out
}

/// The car's key of this suite.
pub(crate) fn key(suite: Suite) -> FrameKey {
    let secret = DeviceSecret::new(core::array::from_fn(|at| at as u8));
    let device = header_of::<Telemetry>().device;
    secret.frame_key(suite, 1, Direction::Up, device).expect("this package switches both hashes on")
}
