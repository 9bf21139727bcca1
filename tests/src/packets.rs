//! MQTT packets as bytes, as a device writes them: right ones, and the parts to make wrong ones from.

/// Which MQTT a device speaks; the number is the one in its CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// MQTT 3.1.1.
    V311 = 4,
    /// MQTT 5.
    V5 = 5,
}

impl Version {
    /// Both of them.
    pub const BOTH: [Version; 2] = [Version::V311, Version::V5];

    /// No properties, where MQTT 5 has some.
    fn no_properties(self) -> &'static [u8] {
        if self == Version::V5 { &[0] } else { &[] }
    }
}

/// PINGREQ.
pub const PINGREQ: [u8; 2] = [0xC0, 0];
/// DISCONNECT of a device that leaves in order.
pub const DISCONNECT: [u8; 2] = [0xE0, 0];

/// A packet: first byte (type and flags), length, body.
pub fn packet(first: u8, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    [&[first], length(body.len()).as_slice(), body].concat()
}

/// A remaining length: one to four bytes for up to 268,435,455.
pub fn length(mut rest: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (rest & 0x7F) as u8;
        rest >>= 7;
        bytes.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            return bytes;
        }
    }
}

/// A text or binary field: two bytes of length, then the bytes.
///
/// # Panics
/// When it is longer than 65,535 bytes.
pub fn field(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let len = u16::try_from(text.len()).expect("a field of MQTT has at most 65,535 bytes");
    [&len.to_be_bytes(), text].concat()
}

/// CONNECT with a clean session and neither will nor credentials.
pub fn connect(version: Version, client_id: &str, keep_alive_s: u16) -> Vec<u8> {
    let [high, low] = keep_alive_s.to_be_bytes();
    let body =
        [&field("MQTT"), &[version as u8, 0x02, high, low][..], version.no_properties(), &field(client_id)];
    packet(0x10, body.concat())
}

/// CONNECT with a clean session, a user name and a password; its keep-alive is one minute.
pub fn connect_as(version: Version, client_id: &str, user: &str, password: &str) -> Vec<u8> {
    let head = [&field("MQTT"), &[version as u8, 0xC2, 0, 60][..], version.no_properties()].concat();
    packet(0x10, [head, field(client_id), field(user), field(password)].concat())
}

/// PUBLISH at QoS 0.
pub fn publish_qos0(version: Version, topic: &str, payload: impl AsRef<[u8]>) -> Vec<u8> {
    packet(0x30, [&field(topic), version.no_properties(), payload.as_ref()].concat())
}

/// PUBLISH at QoS 1.
pub fn publish(version: Version, packet_id: u16, topic: &str, payload: impl AsRef<[u8]>) -> Vec<u8> {
    publish_with(0x32, version.no_properties(), packet_id, topic, payload)
}

/// PUBLISH with this first byte and these properties (with their length), and with a packet id.
pub fn publish_with(
    first: u8,
    properties: &[u8],
    packet_id: u16,
    topic: &str,
    payload: impl AsRef<[u8]>,
) -> Vec<u8> {
    packet(first, [&field(topic), &packet_id.to_be_bytes()[..], properties, payload.as_ref()].concat())
}

/// SUBSCRIBE to these filters at QoS 1.
pub fn subscribe(version: Version, packet_id: u16, filters: &[&str]) -> Vec<u8> {
    let mut body = [&packet_id.to_be_bytes(), version.no_properties()].concat();
    for filter in filters {
        body.extend(field(filter));
        body.push(1);
    }
    packet(0x82, body)
}

/// UNSUBSCRIBE from these filters.
pub fn unsubscribe(version: Version, packet_id: u16, filters: &[&str]) -> Vec<u8> {
    let mut body = [&packet_id.to_be_bytes(), version.no_properties()].concat();
    filters.iter().for_each(|filter| body.extend(field(filter)));
    packet(0xA2, body)
}

/// PUBACK of a device that has a message.
pub fn puback(packet_id: u16) -> Vec<u8> {
    packet(0x40, packet_id.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_as_the_standards_write_them() {
        assert_eq!(connect(Version::V311, "a", 60), b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a");
        assert_eq!(connect(Version::V5, "a", 60), b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01a");
        assert_eq!(publish(Version::V311, 7, "t", "x"), b"\x32\x06\x00\x01t\x00\x07x");
        assert_eq!(publish(Version::V5, 7, "t", "x"), b"\x32\x07\x00\x01t\x00\x07\x00x");
        assert_eq!(subscribe(Version::V5, 1, &["a/#"]), b"\x82\x09\x00\x01\x00\x00\x03a/#\x01");
        assert_eq!(length(268_435_455), [0xFF, 0xFF, 0xFF, 0x7F]);
        assert_eq!(length(128), [0x80, 0x01]);
    }
}
