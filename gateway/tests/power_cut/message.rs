//! The messages of the test: each is known by a number, and all else about it follows from the number.

use bytes::Bytes;
use patrol_gateway::domain::case_file::CaseFile;
use patrol_gateway::domain::journal::Facts;
use patrol_gateway::domain::report::{CaseKind, Class, DeviceId, Identity, RecordRef};
use patrol_gateway::store::submission::{Content, Item};

/// A message's number.
pub(crate) type Number = u32;

/// Devices that send.
pub(crate) const DEVICES: u32 = 3;

/// The device that sends the message.
pub(crate) fn device(number: Number) -> DeviceId {
    DeviceId::parse(&format!("car-{}", number % DEVICES)).expect("a device id")
}

/// The device's own number for it.
pub(crate) fn claim(number: Number) -> RecordRef {
    RecordRef { boot: 1, seq: number / DEVICES }
}

/// The number of the message that a device gave this one.
pub(crate) fn number_of(device: &str, seq: u32) -> Option<Number> {
    let device = device.strip_prefix("car-")?.parse::<u32>().ok()?;
    Some(seq * DEVICES + device)
}

/// Most are as short as reports are; every twelfth takes pages of its own.
pub(crate) fn payload(number: Number) -> Bytes {
    let mut rng = fastrand::Rng::with_seed(u64::from(number));
    let len = if number % 12 == 5 { rng.usize(5_000..9_000) } else { rng.usize(20..400) };
    let mut text = format!("{number:08} ");
    text.extend(std::iter::repeat_with(|| rng.lowercase()).take(len));
    text.into()
}

/// The number of the message with this payload, if it is whole.
pub(crate) fn number_in(found: &[u8]) -> Option<Number> {
    let number = std::str::from_utf8(found.get(..8)?).ok()?.parse().ok()?;
    (payload(number) == found).then_some(number)
}

/// True when a device of ours numbers its messages of this class itself: all but every second reading.
pub(crate) fn is_claimed(class: Class, number: Number) -> bool {
    class != Class::Reading || (number / DEVICES).is_multiple_of(2)
}

/// True when a record may have this identity.
pub(crate) fn fits(class: Class, number: Number, identity: Identity) -> bool {
    let RecordRef { boot, seq } = claim(number);
    match identity {
        Identity::Device { .. } => is_claimed(class, number) && identity == Identity::Device { boot, seq },
        Identity::Minted { .. } => !is_claimed(class, number),
    }
}

/// What admission found out about an incident.
fn case(number: Number) -> CaseFile {
    let facts = Facts::new(CaseKind::Event, "0501");
    CaseFile::new(format!(r#"{{"grid":"{number}"}}"#), facts)
}

/// The message on its way into the store; without a class it is one that is not understood.
pub(crate) fn item(class: Option<Class>, number: Number) -> Item {
    let content = match class {
        Some(class) => Content::Report {
            class,
            claimed: is_claimed(class, number).then(|| claim(number)),
            case: (class == Class::Incident).then(|| Box::new(case(number))),
            anchor: None,
        },
        None => Content::Quarantine { topic: "t".into(), reason: "malformed_json", detail: "?".into() },
    };
    Item {
        received_at_ms: i64::from(number),
        payload: payload(number),
        best_effort: false,
        content,
        beside: None,
    }
}
