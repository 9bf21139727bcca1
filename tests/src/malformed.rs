//! Packets that the standards forbid, as tables: what each is, its bytes, and the code the gateway ends the connection with.

use crate::packets::{self, PINGREQ, Version, connect, field, packet, publish, publish_with, subscribe};

/// The device that sends them.
pub const DEVICE: &str = "car-01";
/// A topic that it may publish to.
pub const TOPIC: &str = "patrol/v1/up/car-01/telemetry";

/// MQTT 5's "malformed packet".
const MALFORMED: Option<u8> = Some(0x81);
/// MQTT 5's "protocol error".
const PROTOCOL: Option<u8> = Some(0x82);

/// What it is, its bytes, and the code it is answered with; `None` when the connection is closed without a word.
pub type Case = (&'static str, Vec<u8>, Option<u8>);

/// Two bytes that are no UTF-8.
const NOT_UTF8: [u8; 2] = [0xC3, 0x28];

/// A CONNECT of this protocol level with these flags; `rest` is what comes after the keep-alive.
fn connect_with(level: u8, flags: u8, rest: &[&[u8]]) -> Vec<u8> {
    packet(0x10, [&field("MQTT"), &[level, flags, 0, 60][..], &rest.concat()].concat())
}

/// First packets that are no CONNECT, or no CONNECT that can be told a version. The code is that of a CONNACK.
pub fn first_packets() -> Vec<Case> {
    let named =
        |name: &str, level| packet(0x10, [&field(name), &[level, 2, 0, 60][..], &field(DEVICE)].concat());
    vec![
        ("a PINGREQ first", PINGREQ.to_vec(), None),
        ("a PUBLISH first", publish(Version::V311, 1, TOPIC, "{}"), None),
        ("a SUBSCRIBE first", subscribe(Version::V5, 1, &["a"]), None),
        ("a server's packet first", vec![0x20, 2, 0, 0], None),
        ("zeros", vec![0; 16], None),
        ("ones", vec![0xFF; 16], None),
        ("HTTP", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(), None),
        ("TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 1, 2, 3], None),
        ("a length of five bytes", vec![0x10, 0xFF, 0xFF, 0xFF, 0xFF, 1], None),
        ("flags in the CONNECT's header", [&[0x11], &connect(Version::V311, DEVICE, 60)[1..]].concat(), None),
        ("an empty CONNECT", packet(0x10, []), Some(1)),
        ("half a protocol name", packet(0x10, b"\0\x04MQ"), Some(1)),
        ("another protocol's name", named("MQTX", 4), Some(1)),
        ("a name in small letters", named("mqtt", 4), Some(1)),
        (
            "a name beyond the packet",
            packet(0x10, [&[0xFF, 0xFF][..], b"MQTT", &[4, 2, 0, 60]].concat()),
            Some(1),
        ),
        ("MQTT 3.1", named("MQIsdp", 3), Some(1)),
        ("3.1.1 under the name of 3.1", named("MQIsdp", 4), Some(1)),
        ("3.1 under the name of 3.1.1", named("MQTT", 3), Some(1)),
        ("version 0", named("MQTT", 0), Some(1)),
        ("version 6", named("MQTT", 6), Some(1)),
        ("a bridge's version", named("MQTT", 0x84), Some(1)),
    ]
}

/// CONNECTs of a known version. MQTT 3.1.1 has no words for a malformed one; the codes are those of MQTT 5.
pub fn connects(version: Version) -> Vec<Case> {
    let (level, id) = (version as u8, field(DEVICE));
    let none: &[u8] = if version == Version::V5 { &[0] } else { &[] };
    let (t, m) = (field("t"), field("m"));
    let mut cases = vec![
        ("the reserved flag", connect_with(level, 0x03, &[none, &id]), MALFORMED),
        ("a will with QoS 3", connect_with(level, 0x1E, &[none, &id, none, &t, &m]), MALFORMED),
        ("a will's QoS and no will", connect_with(level, 0x0A, &[none, &id]), MALFORMED),
        ("a will's retain flag and no will", connect_with(level, 0x22, &[none, &id]), MALFORMED),
        ("a will that is missing", connect_with(level, 0x06, &[none, &id]), MALFORMED),
        ("half a will", connect_with(level, 0x06, &[none, &id, none, &t]), MALFORMED),
        ("a user name that is missing", connect_with(level, 0x82, &[none, &id]), MALFORMED),
        (
            "a user name that is no UTF-8",
            connect_with(level, 0x82, &[none, &id, &field(NOT_UTF8)]),
            MALFORMED,
        ),
        ("no client id", connect_with(level, 2, &[none]), MALFORMED),
        ("a client id beyond the packet", connect_with(level, 2, &[none, &[0, 99, b'a']]), MALFORMED),
        ("a client id that is no UTF-8", connect_with(level, 2, &[none, &field(NOT_UTF8)]), MALFORMED),
        ("half a surrogate pair", connect_with(level, 2, &[none, &field([0xED, 0xA0, 0x80])]), MALFORMED),
        ("bytes behind the last field", connect_with(level, 2, &[none, &id, b"more"]), MALFORMED),
    ];
    if version == Version::V311 {
        cases.push(("a password without a user", connect_with(level, 0x42, &[&id, &field("p")]), MALFORMED));
        return cases;
    }
    let with = |properties: &[u8]| connect_with(5, 2, &[&[properties.len() as u8], properties, &id]);
    cases.extend([
        ("properties beyond the packet", connect_with(5, 2, &[&[99], &id]), MALFORMED),
        ("a length of properties without end", connect_with(5, 2, &[&[0xFF; 5], &id]), MALFORMED),
        ("an unknown property", with(&[0x7F, 0]), MALFORMED),
        ("a property twice", with(&[0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1]), MALFORMED),
        ("a PUBLISH's property", with(&[0x23, 0, 1]), MALFORMED),
        ("half a property", with(&[0x11, 0, 0]), MALFORMED),
        ("receive maximum 0", with(&[0x21, 0, 0]), MALFORMED),
        ("maximum packet size 0", with(&[0x27, 0, 0, 0, 0]), MALFORMED),
        ("a flag of 2", with(&[0x17, 2]), MALFORMED),
        ("an authentication method", with(&[0x15, 0, 1, b'x']), Some(0x8C)),
    ]);
    cases
}

/// Packets of a device that is connected. The codes are those of MQTT 5's DISCONNECT; MQTT 3.1.1 has none.
pub fn later_packets(version: Version) -> Vec<Case> {
    let none: &[u8] = if version == Version::V5 { &[0] } else { &[] };
    let with_id =
        |first: u8, id: u8, rest: &[&[u8]]| packet(first, [&[0, id], none, &rest.concat()].concat());
    let to = |topic: &str, id| publish_with(0x32, none, id, topic, "{}");
    let a = field("a");
    let mut cases = vec![
        ("PUBLISH with QoS 3", publish_with(0x36, none, 1, TOPIC, "{}"), MALFORMED),
        ("PUBLISH with packet id 0", to(TOPIC, 0), MALFORMED),
        ("PUBLISH again at QoS 0", packet(0x38, [&field(TOPIC), none, b"{}"].concat()), MALFORMED),
        ("PUBLISH of nothing", packet(0x32, []), MALFORMED),
        ("PUBLISH with half a length", packet(0x32, [0]), MALFORMED),
        ("PUBLISH with a topic beyond it", packet(0x32, [0, 99, b'a']), MALFORMED),
        ("PUBLISH without a packet id", packet(0x32, field(TOPIC)), MALFORMED),
        ("PUBLISH to no UTF-8", packet(0x32, [&field(NOT_UTF8), &[0, 1][..], none].concat()), MALFORMED),
        ("PUBLISH to a zero", to("patrol/v1/up/car-01/tele\0metry", 1), Some(0x90)),
        ("PUBLISH to +", to("patrol/v1/up/car-01/+", 1), Some(0x90)),
        ("PUBLISH to #", to("patrol/v1/up/car-01/#", 1), Some(0x90)),
        ("PUBACK with flags", vec![0x41, 2, 0, 1], MALFORMED),
        ("PUBACK of one byte", packet(0x40, [1]), MALFORMED),
        ("PUBACK of packet id 0", packet(0x40, [0, 0]), MALFORMED),
        ("PUBREC with flags", vec![0x52, 2, 0, 1], MALFORMED),
        ("PUBREC of packet id 0", packet(0x50, [0, 0]), MALFORMED),
        ("PUBREC of nothing", packet(0x50, []), MALFORMED),
        ("PUBREL without its flags", packet(0x60, [0, 1]), MALFORMED),
        ("PUBREL of packet id 0", packet(0x62, [0, 0]), MALFORMED),
        ("PUBREL of one byte", packet(0x62, [1]), MALFORMED),
        ("PUBCOMP with flags", vec![0x72, 2, 0, 1], MALFORMED),
        ("PUBCOMP of packet id 0", packet(0x70, [0, 0]), MALFORMED),
        ("PUBCOMP of nothing", packet(0x70, []), MALFORMED),
        (
            "PUBLISH to a topic too deep",
            to(&format!("patrol/v1/up/car-01{}", "/a".repeat(40)), 1),
            Some(0x90),
        ),
        (
            "PUBLISH to a topic too long",
            to(&format!("patrol/v1/up/car-01/{}", "a".repeat(2000)), 1),
            Some(0x90),
        ),
        ("SUBSCRIBE without its flags", with_id(0x80, 1, &[&a, &[1]]), MALFORMED),
        ("SUBSCRIBE to nothing", with_id(0x82, 1, &[]), MALFORMED),
        ("SUBSCRIBE of nothing", packet(0x82, []), MALFORMED),
        ("SUBSCRIBE with packet id 0", with_id(0x82, 0, &[&a, &[1]]), MALFORMED),
        ("SUBSCRIBE at QoS 3", with_id(0x82, 1, &[&a, &[3]]), MALFORMED),
        ("SUBSCRIBE at no QoS", with_id(0x82, 1, &[&a]), MALFORMED),
        ("SUBSCRIBE with a filter beyond it", with_id(0x82, 1, &[&[0, 9, b'a', 1]]), MALFORMED),
        ("SUBSCRIBE to no UTF-8", with_id(0x82, 1, &[&field(NOT_UTF8), &[1]]), MALFORMED),
        ("UNSUBSCRIBE without its flags", with_id(0xA0, 1, &[&a]), MALFORMED),
        ("UNSUBSCRIBE from nothing", with_id(0xA2, 1, &[]), MALFORMED),
        ("UNSUBSCRIBE with packet id 0", with_id(0xA2, 0, &[&a]), MALFORMED),
        ("UNSUBSCRIBE with a filter beyond it", with_id(0xA2, 1, &[&[0, 9, b'a']]), MALFORMED),
        ("PINGREQ with flags", vec![0xC1, 0], MALFORMED),
        ("PINGREQ with a body", vec![0xC0, 1, 0], MALFORMED),
        ("DISCONNECT with flags", vec![0xE1, 0], MALFORMED),
        ("a server's CONNACK", vec![0x20, 3, 0, 0, 0], PROTOCOL),
        ("a server's SUBACK", with_id(0x90, 1, &[&[1]]), PROTOCOL),
        (
            "a server's UNSUBACK",
            with_id(0xB0, 1, &[if version == Version::V5 { &[0] } else { &[] }]),
            PROTOCOL,
        ),
        ("a server's PINGRESP", vec![0xD0, 0], PROTOCOL),
        ("packet type 0", vec![0, 0], MALFORMED),
        ("packet type 15 with flags", vec![0xFF, 0], MALFORMED),
        ("a length of five bytes", vec![0x32, 0xFF, 0xFF, 0xFF, 0xFF, 1], MALFORMED),
        ("a second CONNECT", connect(version, DEVICE, 60), PROTOCOL),
    ];
    if version == Version::V5 {
        cases.extend(later_packets_of_v5());
    }
    cases
}

/// The same for what only MQTT 5 has.
fn later_packets_of_v5() -> Vec<Case> {
    let with = |properties: &[u8]| {
        publish_with(0x32, &[&[properties.len() as u8], properties].concat(), 1, TOPIC, "{}")
    };
    let subscribe = |properties: &[u8], options| {
        let filter = field("patrol/v1/down/car-01/#");
        packet(0x82, [&[0, 1, properties.len() as u8], properties, &filter, &[options]].concat())
    };
    vec![
        ("PUBLISH with properties beyond it", publish_with(0x32, &[99], 1, TOPIC, "{}"), MALFORMED),
        ("PUBLISH with properties without end", publish_with(0x32, &[0xFF; 5], 1, TOPIC, "{}"), MALFORMED),
        ("PUBLISH with an unknown property", with(&[0x7F, 0]), MALFORMED),
        ("PUBLISH with a property twice", with(&[3, 0, 1, b'a', 3, 0, 1, b'a']), MALFORMED),
        ("PUBLISH with half a property", with(&[0x26, 0, 1]), MALFORMED),
        ("PUBLISH with a CONNECT's property", with(&[0x11, 0, 0, 0, 1]), MALFORMED),
        ("PUBLISH with payload format 2", with(&[1, 2]), MALFORMED),
        ("PUBLISH with topic alias 0", with(&[0x23, 0, 0]), MALFORMED),
        ("PUBLISH for a subscription", with(&[0x0B, 1]), PROTOCOL),
        ("SUBSCRIBE with identifier 0", subscribe(&[0x0B, 0], 1), MALFORMED),
        ("SUBSCRIBE with two identifiers", subscribe(&[0x0B, 1, 0x0B, 2], 1), MALFORMED),
        ("SUBSCRIBE with a PUBLISH's property", subscribe(&[0x23, 0, 1], 1), MALFORMED),
        (
            "SUBSCRIBE that shares and wants no own",
            {
                let filter = field("$share/g/patrol/v1/down/car-01/#");
                packet(0x82, [&[0, 1, 0][..], &filter, &[5]].concat())
            },
            PROTOCOL,
        ),
        (
            "PUBLISH by an alias that nobody gave",
            { publish_with(0x32, &[3, 0x23, 0, 1], 1, "", "{}") },
            PROTOCOL,
        ),
        ("PUBLISH with an alias beyond the offer", with(&[0x23, 0xFF, 0xFF]), Some(0x94)),
        ("PUBLISH without a topic", publish_with(0x32, &[0], 1, "", "{}"), Some(0x90)),
        ("PUBLISH with two aliases", with(&[0x23, 0, 1, 0x23, 0, 1]), MALFORMED),
        ("PUBLISH at QoS 2 with packet id 0", publish_with(0x34, &[0], 0, TOPIC, "{}"), MALFORMED),
        ("DISCONNECT that prolongs a session", packet(0xE0, [0, 5, 0x11, 0, 0, 0, 9]), PROTOCOL),
        ("DISCONNECT with half a property", packet(0xE0, [0, 2, 0x11, 0]), MALFORMED),
        ("DISCONNECT with a PUBLISH's property", packet(0xE0, [0, 3, 0x23, 0, 1]), MALFORMED),
        ("PUBREC with an unknown reason", packet(0x50, [0, 1, 1]), MALFORMED),
        ("PUBREL with an unknown reason", packet(0x62, [0, 1, 1]), MALFORMED),
        ("PUBCOMP with an unknown reason", packet(0x70, [0, 1, 1]), MALFORMED),
        (
            "UNSUBSCRIBE with an unknown property",
            { packet(0xA2, [&[0, 1, 1, 0x7F][..], &field("a")].concat()) },
            MALFORMED,
        ),
        ("SUBSCRIBE with an unknown property", subscribe(&[0x7F], 1), MALFORMED),
        ("SUBSCRIBE with retain handling 3", subscribe(&[], 0x31), MALFORMED),
        ("SUBSCRIBE with reserved options", subscribe(&[], 0xC1), MALFORMED),
        ("PUBACK with an unknown reason", packet(0x40, [0, 1, 1]), MALFORMED),
        ("PUBACK with bytes behind it", packet(0x40, [0, 1, 0, 0, 9]), MALFORMED),
        ("DISCONNECT with an unknown reason", packet(0xE0, [1]), MALFORMED),
        ("AUTH that nobody asked for", packet(0xF0, [0x18, 0]), PROTOCOL),
    ]
}

/// Good packets, to be cut and mutated: a whole life of a device, its CONNECT first.
pub fn good_life(version: Version) -> Vec<Vec<u8>> {
    let receipts = "patrol/v1/down/car-01/receipt";
    vec![
        connect(version, DEVICE, 60),
        subscribe(version, 1, &[receipts, "patrol/v1/down/car-01/task"]),
        publish(version, 2, TOPIC, r#"{"speed_kmh": 23.4}"#),
        packets::publish_qos0(version, TOPIC, r#"{"speed_kmh": 0}"#),
        PINGREQ.to_vec(),
        packets::puback(9),
        packets::unsubscribe(version, 3, &[receipts]),
        packets::DISCONNECT.to_vec(),
    ]
}
