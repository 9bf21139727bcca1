//! MQTT packets read from bytes, of either direction: what a trace shows, or a socket.

/// First byte of CONNECT.
pub(crate) const CONNECT: u8 = 0x10;
/// First byte of PUBACK.
pub(crate) const PUBACK: u8 = 0x40;

/// A packet of either direction, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Framed {
    /// Type and flags.
    pub(crate) first: u8,
    /// All after the length.
    pub(crate) body: Vec<u8>,
    /// Of the whole packet, in bytes.
    pub(crate) len: usize,
}

/// The packet at the start of `bytes`; `None` when it is not complete.
///
/// # Panics
/// When it can't be a packet.
pub(crate) fn next(bytes: &[u8]) -> Option<Framed> {
    let (remaining, header) = length(bytes.get(1..)?)?;
    let (header, len) = (1 + header, 1 + header + remaining);
    Some(Framed { first: bytes[0], body: bytes.get(header..len)?.to_vec(), len })
}

/// A variable byte integer at the start of `bytes` and how long it is; `None` when it is not complete.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        assert!(place < 4, "no length is longer than four bytes: {bytes:02x?}");
        value |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, place + 1));
        }
    }
    None
}

/// A PUBLISH at QoS 1 as a broker reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publish {
    pub(crate) topic: String,
    pub(crate) packet_id: u16,
    pub(crate) payload: Vec<u8>,
}

impl Publish {
    /// Reads a packet; `None` when it is something else or of another QoS. In MQTT 5 properties come before the payload.
    pub(crate) fn read(packet: &Framed, is_v5: bool) -> Option<Publish> {
        if packet.first & 0xF6 != 0x32 {
            return None;
        }
        let (len, rest) = packet.body.split_at(2);
        let (topic, rest) = rest.split_at(usize::from(u16::from_be_bytes([len[0], len[1]])));
        let topic = String::from_utf8_lossy(topic).into_owned();
        let (id, mut payload) = rest.split_at(2);
        if is_v5 {
            let (properties, header) = length(payload)?;
            payload = &payload[header + properties..];
        }
        Some(Publish { topic, packet_id: u16::from_be_bytes([id[0], id[1]]), payload: payload.to_vec() })
    }
}

/// The protocol level that a CONNECT names: 4 is MQTT 3.1.1, 5 is MQTT 5.
pub(crate) fn level(connect: &Framed) -> u8 {
    connect.body[6]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packets::{Version, connect, publish};

    #[test]
    fn a_publish_is_read_as_it_was_written_whatever_its_length() {
        for length in [0, 1, 100, 127, 128, 20_000, 3_000_000] {
            for version in Version::BOTH {
                let payload = vec![b'x'; length];
                let bytes = publish(version, 0x1234, "a/b", &payload);
                assert_eq!(next(&bytes[..bytes.len() - 1]), None);
                let packet = next(&bytes).expect("a whole packet");
                assert_eq!(packet.len, bytes.len());
                let read = Publish::read(&packet, version == Version::V5);
                assert_eq!(read, Some(Publish { topic: "a/b".to_owned(), packet_id: 0x1234, payload }));
            }
        }
    }

    #[test]
    fn the_payload_of_mqtt_5_begins_after_its_properties() {
        let packet = next(b"\x32\x0b\x00\x01t\x00\x07\x03\x01\x01\x01pp").expect("a whole packet");
        assert_eq!(
            Publish::read(&packet, true),
            Some(Publish { topic: "t".to_owned(), packet_id: 7, payload: b"pp".to_vec() })
        );
        assert_eq!(level(&next(&connect(Version::V311, "a", 60)).expect("a whole packet")), 4);
    }
}
