//! As much MQTT 3.1.1 as a load generator needs, on raw bytes.
//!
//! A PUBLISH is encoded once and copied for each message with its packet id and its numbers patched in place, so that
//! the generator costs a fraction of what it measures. Incoming bytes are cut into packets by their length; only
//! PUBACK is looked into.

/// PUBACK's first byte.
const PUBACK: u8 = 0x40;
/// Longest remaining length the parser takes: nothing a broker sends to a publisher is longer.
const REMAINING_MAX: usize = 1024;

/// The incoming bytes are not what a broker sends to a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("an answer with a remaining length above {REMAINING_MAX}")]
    TooLong,
    #[error("a PUBACK of {0} bytes")]
    PubAck(usize),
}

/// CONNECT with a keep-alive of 60 s.
pub(super) fn connect(client_id: &str, clean_session: bool) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, "MQTT");
    body.extend([4, if clean_session { 2 } else { 0 }, 0, 60]);
    put_text(&mut body, client_id);
    packet(0x10, &body)
}

/// SUBSCRIBE to one filter at QoS 1 with packet id 1.
pub(super) fn subscribe(filter: &str) -> Vec<u8> {
    let mut body = vec![0, 1];
    put_text(&mut body, filter);
    body.push(1);
    packet(0x82, &body)
}

/// DISCONNECT.
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// CONNACK: accepted, no session present.
pub(super) const CONNACK_ACCEPTED: [u8; 4] = [0x20, 2, 0, 0];
/// SUBACK for packet id 1 at QoS 1.
pub(super) const SUBACK_QOS1: [u8; 5] = [0x90, 3, 0, 1, 1];

/// A PUBLISH at QoS 1 with payloads of a fixed length.
#[derive(Debug, Clone)]
pub(super) struct PublishTemplate {
    bytes: Vec<u8>,
    packet_id_at: usize,
    payload_at: usize,
}

impl PublishTemplate {
    pub(super) fn new(topic: &str, payload: &[u8]) -> PublishTemplate {
        let mut body = Vec::new();
        put_text(&mut body, topic);
        let packet_id_in_body = body.len();
        body.extend([0, 0]);
        body.extend(payload);
        let bytes = packet(0x32, &body);
        let packet_id_at = bytes.len() - body.len() + packet_id_in_body;
        PublishTemplate { bytes, packet_id_at, payload_at: packet_id_at + 2 }
    }

    /// Appends one PUBLISH; `patch` gets its payload.
    pub(super) fn append(&self, out: &mut Vec<u8>, packet_id: u16, patch: impl FnOnce(&mut [u8])) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let published = &mut out[start..];
        published[self.packet_id_at..self.packet_id_at + 2].copy_from_slice(&packet_id.to_be_bytes());
        patch(&mut published[self.payload_at..]);
    }
}

/// Calls `on_ack` with the packet id of every complete PUBACK in `bytes` and returns how many bytes were used;
/// other packets are passed over.
pub(super) fn parse_acks(bytes: &[u8], mut on_ack: impl FnMut(u16)) -> Result<usize, WireError> {
    let mut used = 0;
    while let Some(packet) = next_packet(&bytes[used..])? {
        if packet.first == PUBACK {
            let id: [u8; 2] = packet.body.try_into().map_err(|_| WireError::PubAck(packet.body.len()))?;
            on_ack(u16::from_be_bytes(id));
        }
        used += packet.len;
    }
    Ok(used)
}

/// A packet at the start of a buffer.
struct Packet<'a> {
    /// Type and flags.
    first: u8,
    body: &'a [u8],
    /// Of the whole packet, in bytes.
    len: usize,
}

/// The first packet; `None` when it is not complete.
fn next_packet(bytes: &[u8]) -> Result<Option<Packet<'_>>, WireError> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let (mut remaining, mut shift) = (0_usize, 0);
    for (index, &byte) in rest.iter().enumerate() {
        remaining |= usize::from(byte & 0x7F) << shift;
        if remaining > REMAINING_MAX || index > 2 {
            return Err(WireError::TooLong);
        }
        if byte & 0x80 == 0 {
            let header = index + 2;
            let len = header + remaining;
            return Ok(bytes.get(header..len).map(|body| Packet { first, body, len }));
        }
        shift += 7;
    }
    Ok(None)
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut rest = body.len();
    loop {
        let low = (rest & 0x7F) as u8;
        rest >>= 7;
        packet.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// Texts of the generator are short; a longer one than MQTT's 65535 bytes is cut.
fn put_text(out: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    out.extend((bytes.len() as u16).to_be_bytes());
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packets_are_as_the_standard_writes_them() {
        assert_eq!(connect("a", true), b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a");
        assert_eq!(subscribe("a/#"), b"\x82\x08\x00\x01\x00\x03a/#\x01");
        let mut out = Vec::new();
        PublishTemplate::new("t", b"123").append(&mut out, 0x1234, |payload| payload[2] = b'9');
        assert_eq!(out, b"\x32\x08\x00\x01t\x12\x34129");
        let long = PublishTemplate::new("t", &[0; 200]);
        assert_eq!(&long.bytes[..5], b"\x32\xcd\x01\x00\x01", "205 bytes in two length bytes");
        assert_eq!((long.packet_id_at, long.payload_at, long.bytes.len()), (6, 8, 208));
    }

    proptest! {
        /// However the stream is cut into reads, every PUBACK is seen once and in order.
        #[test]
        fn acks_are_found_however_the_stream_is_cut(ids in prop::collection::vec(any::<u16>(), 1..50), cut in 1..9_usize) {
            let mut stream = Vec::new();
            for id in &ids {
                stream.extend([0x40, 2]);
                stream.extend(id.to_be_bytes());
                stream.extend([0xD0, 0]);
            }
            let (mut seen, mut pending) = (Vec::new(), Vec::new());
            for piece in stream.chunks(cut) {
                pending.extend_from_slice(piece);
                let used = parse_acks(&pending, |id| seen.push(id)).unwrap();
                pending.drain(..used);
            }
            prop_assert_eq!(seen, ids);
            prop_assert!(pending.is_empty());
        }

        #[test]
        fn hostile_bytes_are_an_error_or_wait_for_more(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(used) = parse_acks(&bytes, |_| {}) {
                prop_assert!(used <= bytes.len());
            }
        }
    }
}
