//! A device without its wires: it numbers records, keeps them until they are acknowledged, and sends them again.
//!
//! Sans-io and without clock or randomness: whoever drives it hands in the time, sends what [`Device::next_to_send`]
//! gives and reports what became of it. Rules, as firmware must keep them:
//! - a record's number is (boot, seq); the boot counter is bumped before the first record of a boot, seq counts from 1
//!   over all classes of a boot;
//! - a record is encoded once: every resend carries the same bytes under the same number;
//! - a record leaves the outbox only when it is acknowledged or refused for good; a reboot keeps it;
//! - the outbox is bounded: when it is full, nothing new is made and no number is used up.

mod encoding;
mod message;
mod outbox;

pub use encoding::{Encoding, Unencodable};
pub use message::{CaseKind, Class, Incident, Message, Moment, Position, Reading, Status, Telemetry};
pub use outbox::{Outbox, Outgoing, RecordId};

/// Why no record was made. The number is not used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The outbox is full; the caller counts the loss.
    #[error("the outbox is full")]
    Full,
    /// The message has no form in the device's encoding.
    #[error(transparent)]
    Unencodable(#[from] Unencodable),
}

/// One device: its name, its counters and its outbox.
#[derive(Debug)]
pub struct Device {
    name: String,
    encoding: Encoding,
    boot: u32,
    next_seq: u32,
    outbox: Outbox,
}

impl Device {
    /// A device at its `boot`-th boot with an outbox for `outbox_max` records.
    pub fn new(name: &str, encoding: Encoding, boot: u32, outbox_max: usize) -> Device {
        Device { name: name.to_owned(), encoding, boot, next_seq: 1, outbox: Outbox::new(outbox_max) }
    }

    /// The device's id, also its MQTT client id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a record of `message` and puts it into the outbox.
    pub fn make(&mut self, now: Moment, message: &Message<'_>) -> Result<RecordId, NotMade> {
        if self.outbox.is_full() {
            return Err(NotMade::Full);
        }
        let id = RecordId { boot: self.boot, seq: self.next_seq };
        let payload = self.encoding.encode(&self.name, id, now, message)?;
        self.outbox.push(id, message.class(), payload);
        self.next_seq += 1;
        Ok(id)
    }

    /// The oldest record that is not in flight, if fewer than `window` are; it counts as in flight from now on.
    pub fn next_to_send(&mut self, window: usize) -> Option<Outgoing> {
        self.outbox.next_to_send(window)
    }

    /// The record was acknowledged or refused for good: it is forgotten. `false` when it was not there.
    pub fn settled(&mut self, id: RecordId) -> bool {
        self.outbox.remove(id)
    }

    /// Nobody knows what became of the record: it is sent again.
    pub fn unsettled(&mut self, id: RecordId) {
        self.outbox.wait_again(id);
    }

    /// Power went and came back: the boot counter is bumped, the outbox is as it was, nothing is in flight.
    pub fn reboot(&mut self) {
        self.boot += 1;
        self.next_seq = 1;
        self.outbox.all_wait_again();
    }

    /// Records without an acknowledgement.
    pub fn unacknowledged(&self) -> usize {
        self.outbox.len()
    }

    /// `{device}/{boot}/{seq}`: the id the record has everywhere beyond the device.
    pub fn record_name(&self, id: RecordId) -> String {
        format!("{}/{}/{}", self.name, id.boot, id.seq)
    }

    /// The topic for records of this class.
    pub fn up_topic(&self, class: Class) -> String {
        format!("patrol/v1/up/{}/{}", self.name, class.as_str())
    }

    /// The topic on which receipts come back.
    pub fn receipt_topic(&self) -> String {
        format!("patrol/v1/down/{}/receipt", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn telemetry() -> Message<'static> {
        Message::Telemetry(Telemetry::at(Position { lon_deg: 104.4, lat_deg: 31.1, accuracy_m: 3.0 }))
    }

    #[derive(Debug, Clone)]
    enum Step {
        Make,
        Send,
        Acknowledge(prop::sample::Index),
        Forget(prop::sample::Index),
        Reboot,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Make),
            4 => Just(Step::Send),
            3 => any::<prop::sample::Index>().prop_map(Step::Acknowledge),
            2 => any::<prop::sample::Index>().prop_map(Step::Forget),
            1 => Just(Step::Reboot),
        ]
    }

    proptest! {
        /// Over any history of sends, acks, lost sessions and reboots: no number is used twice, a resend has the
        /// first send's bytes, the window and the outbox are bounded, and draining sends exactly what was never
        /// acknowledged.
        #[test]
        fn a_record_is_sent_until_acknowledged_and_always_with_the_same_bytes(
            steps in prop::collection::vec(step(), 1..200), encoding in prop_oneof![Just(Encoding::Frame), Just(Encoding::Json)]
        ) {
            let (window, outbox_max) = (5, 40);
            let mut device = Device::new("car-01", encoding, 7, outbox_max);
            let mut sent: BTreeMap<RecordId, Bytes> = BTreeMap::new();
            let mut in_flight: Vec<RecordId> = Vec::new();
            let (mut made, mut acknowledged) = (BTreeSet::new(), BTreeSet::new());
            for (tick, step) in steps.into_iter().enumerate() {
                let now = Moment { uptime_ms: tick as u64, unix_ms: 1_790_000_000_000 + tick as u64 };
                match step {
                    Step::Make => match device.make(now, &telemetry()) {
                        Ok(id) => prop_assert!(made.insert(id), "{id:?} was used twice"),
                        Err(_) => prop_assert_eq!(device.unacknowledged(), outbox_max),
                    },
                    Step::Send => if let Some(outgoing) = device.next_to_send(window) {
                        prop_assert!(!acknowledged.contains(&outgoing.id));
                        let first = sent.entry(outgoing.id).or_insert_with(|| outgoing.payload.clone());
                        prop_assert_eq!(&*first, &outgoing.payload);
                        in_flight.push(outgoing.id);
                        prop_assert!(in_flight.len() <= window);
                    },
                    Step::Acknowledge(pick) => if !in_flight.is_empty() {
                        let id = in_flight.swap_remove(pick.index(in_flight.len()));
                        prop_assert!(device.settled(id));
                        acknowledged.insert(id);
                    },
                    Step::Forget(pick) => if !in_flight.is_empty() {
                        device.unsettled(in_flight.swap_remove(pick.index(in_flight.len())));
                    },
                    Step::Reboot => { device.reboot(); in_flight.clear(); }
                }
            }
            device.reboot();
            let mut drained = BTreeSet::new();
            while let Some(outgoing) = device.next_to_send(outbox_max) {
                drained.insert(outgoing.id);
            }
            let owed: BTreeSet<RecordId> = made.difference(&acknowledged).copied().collect();
            prop_assert_eq!(drained, owed);
        }
    }

    #[test]
    fn the_oldest_record_goes_first_also_after_a_reboot() {
        let mut device = Device::new("car-01", Encoding::Json, 1, 10);
        let now = Moment { uptime_ms: 0, unix_ms: 0 };
        device.make(now, &telemetry()).unwrap();
        device.make(now, &telemetry()).unwrap();
        device.reboot();
        device.make(now, &telemetry()).unwrap();
        let order: Vec<String> = std::iter::from_fn(|| device.next_to_send(10))
            .map(|outgoing| format!("{}/{}", outgoing.id.boot, outgoing.id.seq))
            .collect();
        assert_eq!(order, ["1/1", "1/2", "2/1"]);
    }
}
