//! As much MQTT as a test needs that looks at single packets: bytes in, bytes out, nothing hidden.

/// First byte of CONNECT.
pub(crate) const CONNECT: u8 = 0x10;
/// First byte of CONNACK.
pub(crate) const CONNACK: u8 = 0x20;
/// First byte of PUBACK.
pub(crate) const PUBACK: u8 = 0x40;

/// A packet of either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
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
pub(crate) fn next(bytes: &[u8]) -> Option<Packet> {
    let (remaining, header) = length(bytes.get(1..)?)?;
    let (header, len) = (1 + header, 1 + header + remaining);
    Some(Packet { first: bytes[0], body: bytes.get(header..len)?.to_vec(), len })
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
    pub(crate) packet_id: u16,
    pub(crate) payload: Vec<u8>,
}

impl Publish {
    /// Reads a packet; `None` when it is something else or of another QoS. In MQTT 5 properties come before the payload.
    pub(crate) fn read(packet: &Packet, is_v5: bool) -> Option<Publish> {
        if packet.first & 0xF6 != 0x32 {
            return None;
        }
        let topic = u16::from_be_bytes([packet.body[0], packet.body[1]]);
        let (id, mut payload) = packet.body[2 + usize::from(topic)..].split_at(2);
        if is_v5 {
            let (properties, header) = length(payload)?;
            payload = &payload[header + properties..];
        }
        Some(Publish { packet_id: u16::from_be_bytes([id[0], id[1]]), payload: payload.to_vec() })
    }
}

/// The protocol level that a CONNECT names: 4 is MQTT 3.1.1, 5 is MQTT 5.
pub(crate) fn level(connect: &Packet) -> u8 {
    connect.body[6]
}

/// CONNECT over MQTT 3.1.1 with a clean session and a keep-alive of 60 s.
pub(crate) fn connect(client_id: &str) -> Vec<u8> {
    let mut body = text("MQTT");
    body.extend([4, 2, 0, 60]);
    body.extend(text(client_id));
    packet(CONNECT, &body)
}

/// PUBLISH at QoS 1 over MQTT 3.1.1.
pub(crate) fn publish(topic: &str, packet_id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    body.extend(packet_id.to_be_bytes());
    body.extend(payload);
    packet(0x32, &body)
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut rest = body.len();
    while rest > 0x7F {
        packet.push((rest & 0x7F) as u8 | 0x80);
        rest >>= 7;
    }
    packet.push(rest as u8);
    packet.extend(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publish_is_read_as_it_was_written_whatever_its_length() {
        for length in [0, 1, 100, 127, 128, 20_000, 3_000_000] {
            let payload = vec![b'x'; length];
            let bytes = publish("a/b", 0x1234, &payload);
            assert_eq!(next(&bytes[..bytes.len() - 1]), None);
            let packet = next(&bytes).expect("a whole packet");
            assert_eq!(packet.len, bytes.len());
            assert_eq!(Publish::read(&packet, false), Some(Publish { packet_id: 0x1234, payload }));
        }
    }

    #[test]
    fn the_payload_of_mqtt_5_begins_after_its_properties() {
        let packet = next(b"\x32\x0b\x00\x01t\x00\x07\x03\x01\x01\x01pp").expect("a whole packet");
        assert_eq!(Publish::read(&packet, true), Some(Publish { packet_id: 7, payload: b"pp".to_vec() }));
        assert_eq!(level(&next(&connect("a")).expect("a whole packet")), 4);
    }
}
