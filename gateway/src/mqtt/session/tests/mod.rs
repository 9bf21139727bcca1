//! A session against a model: a client by the standard's book, a store in memory, connections that break and power that goes.
//!
//! Whatever happens in whatever order: what was acknowledged is in the store, a message at QoS 2 is there once, and what waits for
//! the client arrives, at QoS 2 once.

mod client;
mod disk;

use std::sync::Arc;

use bytes::BytesMut;
use proptest::prelude::*;

use self::client::Client;
use self::disk::Disk;
use super::{Now, Owner, Session, SessionBounds};
use crate::domain::access::{Application, Principal};
use crate::domain::city::City;
use crate::domain::geography::Geography;
use crate::domain::publication::Qos;
use crate::domain::report::DeviceId;
use crate::domain::topic::{Filter, TopicLimits};
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::mqtt::packet::Connect;
use crate::mqtt::wire::Wire;
use crate::store::sessions::{Moment, Opened};

const TOPICS: TopicLimits = TopicLimits { bytes_max: 64, levels_max: 8 };
const NOW: Moment = Moment { run: 1, at_ms: 0 };
const PACKET_BYTES_MAX: u32 = 1024;
/// A city of one place: nothing is an incident here.
const SOMEWHERE: &[u8] = br#"{"type": "FeatureCollection", "features": [{"type": "Feature",
    "properties": {"code": "510603001001001"}, "geometry": {"type": "Polygon",
    "coordinates": [[[104, 31], [105, 31], [105, 32], [104, 32], [104, 31]]]}}]}"#;

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The client publishes.
    Publish(Qos),
    /// Somebody else publishes something that the client has subscribed to; it is committed.
    Post(Qos),
    /// Bytes reach the gateway.
    Up,
    /// Bytes reach the client, which answers.
    Down,
    /// The store commits what it was handed.
    Commit,
    /// The connection breaks, with what was under way; the client comes back.
    Break,
    /// The power goes, and with it all that is not committed; the client comes back.
    Crash,
}

/// The gateway's end of one connection.
struct Gateway {
    session: Session,
    input: BytesMut,
    /// Mark of the last item that was handed over, and of the last that is durable.
    handed_over: u64,
    durable: u64,
}

struct World {
    client: Client,
    disk: Disk,
    gateway: Gateway,
    connections: u32,
}

impl World {
    fn new(is_v5: bool, receive_maximum: u16) -> World {
        let mut client = Client::new(is_v5, receive_maximum);
        let mut disk = Disk::default();
        let gateway = connect(&mut client, &mut disk);
        World { client, disk, gateway, connections: 1 }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Publish(qos) => self.client.publish(qos),
            Event::Post(qos) => {
                self.disk.post(qos);
                self.gateway.session.ring();
            }
            Event::Up => self.up(),
            Event::Down => self.down(),
            Event::Commit => self.commit(),
            Event::Break => {
                self.disk.commit();
                self.reconnect();
            }
            Event::Crash => {
                self.disk.crash();
                self.reconnect();
            }
        }
    }

    fn up(&mut self) {
        self.gateway.input.extend_from_slice(&self.client.take_bytes());
        let now = Now { unix_ms: 0, has_subscribers: true };
        while self.gateway.session.may_read()
            && self.gateway.session.read(&mut self.gateway.input, now).expect("the client keeps to the book")
        {
        }
        for handover in self.gateway.session.take_handovers() {
            self.gateway.handed_over = handover.first_mark + handover.items.len() as u64 - 1;
            self.disk.hand_over(handover.items);
        }
        // What waits for nothing but its turn leaves at once.
        self.gateway.session.committed(self.gateway.durable);
        self.finish();
    }

    fn finish(&mut self) {
        for done in self.gateway.session.take_done() {
            self.disk.done(done);
        }
    }

    fn commit(&mut self) {
        self.disk.commit();
        self.gateway.durable = self.gateway.handed_over;
        self.gateway.session.committed(self.gateway.durable);
    }

    fn down(&mut self) {
        while let Some((after, limit)) = self.gateway.session.wants_queued() {
            let queued = self.disk.queued_after(after, limit);
            self.gateway.session.deliver_queued(queued, limit, NOW);
        }
        self.finish();
        let bytes = self.gateway.session.out().split();
        self.client.read(bytes);
    }

    fn reconnect(&mut self) {
        self.disk.left(self.gateway.session.sent_to());
        self.gateway = connect(&mut self.client, &mut self.disk);
        self.connections += 1;
    }

    /// Everything arrives in the end.
    fn settle(&mut self) {
        self.happens(Event::Break);
        for _ in 0..10_000 {
            self.up();
            self.commit();
            self.down();
            if self.client.is_settled() && self.disk.is_settled() {
                return;
            }
        }
        panic!("it never ends: {:?} {:?}", self.client, self.disk);
    }
}

/// A connection whose CONNACK the client has read.
fn connect(client: &mut Client, disk: &mut Disk) -> Gateway {
    let all = || vec![Filter::parse("#", TOPICS).expect("a filter")];
    let name = DeviceId::parse("app").expect("a name");
    let application = Application { name: name.clone(), subscribe: all(), publish: all() };
    let principal = Principal::Application(Arc::new(application));
    let owner = Owner { client: principal.client("c"), principal, device: name };
    let mut wire = Wire::new(PACKET_BYTES_MAX);
    let mut input = client.connect();
    let Ok(Some(crate::mqtt::packet::Incoming::Connect(connect))) = wire.read(&mut input) else {
        panic!("the client keeps to the book")
    };
    let opened = opened(disk);
    let bounds = SessionBounds { receive_maximum: client.may_send(), topic_alias_maximum: 0, topics: TOPICS };
    let geography = Geography::from_geojson(SOMEWHERE).expect("a map");
    let intake = Intake::new(Arc::default(), Arc::new(City::new(geography)), Arc::new(Metrics::new()));
    let connect = Connect { ..*connect };
    let mut session = Session::new(owner, wire, connect, &opened, bounds, intake, BytesMut::new());
    session.ring();
    Gateway { session, input, handed_over: 0, durable: 0 }
}

fn opened(disk: &Disk) -> Opened {
    let (_, mailbox) = tokio::sync::mpsc::channel(1);
    Opened {
        present: true,
        is_stored: true,
        generation: 1,
        received: disk.received(),
        subscriptions: Vec::new(),
        sent_to: disk.sent_to(),
        mailbox,
    }
}

fn event() -> impl Strategy<Value = Event> {
    let qos = || prop_oneof![Just(Qos::AtMostOnce), Just(Qos::AtLeastOnce), Just(Qos::ExactlyOnce)];
    let kept = prop_oneof![Just(Qos::AtLeastOnce), Just(Qos::ExactlyOnce)];
    prop_oneof![
        4 => qos().prop_map(Event::Publish),
        3 => kept.prop_map(Event::Post),
        6 => Just(Event::Up),
        6 => Just(Event::Down),
        3 => Just(Event::Commit),
        1 => Just(Event::Break),
        1 => Just(Event::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_acknowledged_is_lost_and_nothing_at_qos_2_comes_twice(
        is_v5 in any::<bool>(), receive_maximum in 1u16..5, events in prop::collection::vec(event(), 0..120),
    ) {
        let mut world = World::new(is_v5, receive_maximum);
        for event in events {
            world.happens(event);
            let lost = world.client.acknowledged().find(|number| !world.disk.has(*number));
            prop_assert_eq!(lost, None, "acknowledged and not in the store");
        }
        world.settle();
        for (number, qos) in world.client.published() {
            let times = world.disk.times(number);
            let holds = match qos {
                Qos::AtMostOnce => times <= 1,
                Qos::AtLeastOnce => times >= 1,
                Qos::ExactlyOnce => times == 1,
            };
            prop_assert!(holds, "message {} at {:?} is there {} times", number, qos, times);
        }
        for (number, qos) in world.disk.posted() {
            let times = world.client.times(number);
            let holds = if qos == Qos::ExactlyOnce { times == 1 } else { times >= 1 };
            prop_assert!(holds, "message {} at {:?} came {} times", number, qos, times);
        }
    }

    /// What a client sends is mutated at random: it is read, or it ends the session with a reason; nothing panics and nothing
    /// that was not understood is handed over.
    #[test]
    fn damaged_packets_are_read_or_end_the_session(
        is_v5 in any::<bool>(), publishes in prop::collection::vec(0u8..3, 1..20),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..12),
    ) {
        let mut world = World::new(is_v5, 100);
        for qos in publishes {
            world.client.publish(Qos::from_level(qos).expect("0 to 2"));
        }
        let mut bytes = world.client.take_bytes().to_vec();
        for (place, byte, kind) in damage {
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << (byte % 8),
                2 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        world.gateway.input.extend_from_slice(&bytes);
        let now = Now { unix_ms: 0, has_subscribers: true };
        let mut packets = 0;
        while world.gateway.session.may_read() {
            match world.gateway.session.read(&mut world.gateway.input, now) {
                Ok(true) => packets += 1,
                Ok(false) => break,
                Err(end) => {
                    prop_assert!(!end.in_words().is_empty());
                    break;
                }
            }
        }
        let items: usize = world.gateway.session.take_handovers().iter().map(|handover| handover.items.len()).sum();
        prop_assert!(items <= packets, "{} items of {} packets", items, packets);
    }
}
