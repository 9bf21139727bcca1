//! Whatever happens to a device, its records arrive: none is lost, none changes, no number means two of them.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use firmware_protocol::body::{RecordRef, TimeSync};
use firmware_protocol::device::{Device, Entry, Identity, NotMade, NotSent, Settings, StartError};
use firmware_protocol::{DeviceTag, MessageType};
use proptest::prelude::*;
use support::device::stand_ins::{Fault, How, Memory, MemoryError, Watch, any_fault};

const RECORDS: usize = 6;
const WINDOW: usize = 3;

type Number = (u32, u32);
type Firmware<'a> = Device<&'a Memory, &'a Watch, [Entry; RECORDS]>;

fn number(record: RecordRef) -> Number {
    (record.boot, record.seq)
}

fn record((boot, seq): Number) -> RecordRef {
    RecordRef { boot, seq }
}

fn start<'a>(
    memory: &'a Memory,
    watch: &'a Watch,
    settings: Settings,
) -> Result<Firmware<'a>, StartError<MemoryError>> {
    let identity = Identity::without_key(DeviceTag::of("car-07"));
    let mut buffer = [0; Memory::SLOT_LEN];
    Device::start(identity, memory, watch, [Entry::default(); RECORDS], settings, &mut buffer)
}

fn started<'a>(memory: &'a Memory, watch: &'a Watch) -> Firmware<'a> {
    start(memory, watch, Settings::default()).unwrap()
}

/// What happens to a device while its power is on.
#[derive(Debug, Clone)]
enum Step {
    /// It makes a record of so many bytes.
    Make(usize),
    /// It tries to make one, and its bytes can't be written.
    MakeNothing,
    /// It makes a frame that is not stored.
    MakeTransient,
    Send,
    Acknowledge(usize),
    /// A record's fate is not known.
    Lose(usize),
    Disconnect,
    Break(Fault),
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..=Memory::SLOT_LEN - 16).prop_map(Step::Make),
        1 => Just(Step::MakeNothing),
        1 => Just(Step::MakeTransient),
        6 => Just(Step::Send),
        4 => any::<usize>().prop_map(Step::Acknowledge),
        2 => any::<usize>().prop_map(Step::Lose),
        1 => Just(Step::Disconnect),
        2 => any_fault().prop_map(Step::Break),
        1 => Just(Step::Restart),
    ]
}

/// What everybody else knows of the device's records.
#[derive(Debug, Default)]
struct World {
    /// The bytes of every number that was ever written.
    bytes: BTreeMap<Number, Vec<u8>>,
    /// Records the device was told are made, and not acknowledged since.
    owed: BTreeSet<Number>,
    /// Records that may have got into the storage, or may not have got out of it: an error came between.
    doubtful: BTreeSet<Number>,
    /// The number before the next one.
    last: Number,
    in_flight: Vec<Number>,
    /// Acknowledged in this boot, whatever the storage said.
    acknowledged: BTreeSet<Number>,
}

impl World {
    /// Lives one boot, until the power goes or the device is restarted.
    fn live(&mut self, device: &mut Firmware<'_>, memory: &Memory, steps: &mut VecDeque<Step>) {
        assert!(device.boot() > self.last.0, "a boot counter came again");
        self.last = (device.boot(), 0);
        self.in_flight.clear();
        self.acknowledged.clear();
        while let Some(step) = memory.is_powered().then(|| steps.pop_front()).flatten() {
            match step {
                Step::Make(len) => self.make(device, len),
                Step::MakeNothing => make_nothing(device),
                Step::MakeTransient => self.make_transient(device),
                Step::Send => self.send(device),
                Step::Acknowledge(pick) => self.acknowledge(device, pick),
                Step::Lose(pick) => {
                    let lost = self.take_in_flight(pick);
                    lost.into_iter().for_each(|lost| device.unacknowledged(record(lost)));
                }
                Step::Disconnect => {
                    device.disconnected();
                    self.in_flight.clear();
                }
                Step::Break(fault) => memory.plan(fault),
                Step::Restart => return,
            }
        }
    }

    /// The next number of this boot is given, once.
    fn number_is_used(&mut self, used: Number) {
        assert_eq!(used, (self.last.0, self.last.1 + 1), "numbers of a boot have no gaps and no repeats");
        self.last = used;
    }

    fn make(&mut self, device: &mut Firmware<'_>, len: usize) {
        let mut buffer = [0; Memory::SLOT_LEN];
        let mut tried = None;
        let made = device.make_with(MessageType::TELEMETRY, &mut buffer, |header, out| {
            let content: Vec<u8> = (0..len).map(|at| (header.seq as usize * 31 + at) as u8).collect();
            out[..len].copy_from_slice(&content);
            tried = Some(((header.boot, header.seq), content));
            Ok::<_, ()>(len)
        });
        match made {
            Err(NotMade::Full) => {
                assert!(tried.is_none() && device.records().len() == RECORDS);
                return;
            }
            Ok(_) | Err(NotMade::Storage(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        let (used, content) = tried.unwrap();
        self.number_is_used(used);
        self.bytes.insert(used, content);
        match made {
            Ok(made) => {
                assert_eq!(number(made), used);
                assert!(self.owed.insert(used));
            }
            Err(_) => drop(self.doubtful.insert(used)),
        }
    }

    fn make_transient(&mut self, device: &mut Firmware<'_>) {
        let outgoing = device.seal_once(&TimeSync::default(), &mut [0; 64]).map(|sealed| sealed.record);
        self.number_is_used(number(outgoing.unwrap()));
    }

    fn send(&mut self, device: &mut Firmware<'_>) {
        let mut buffer = [0; Memory::SLOT_LEN];
        let outgoing = match device.next_to_send(WINDOW, &mut buffer) {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) | Err(NotSent::Storage(_)) => return,
            Err(other) => panic!("{other:?}"),
        };
        let sent = number(outgoing.record);
        assert_eq!(Some(outgoing.bytes), self.bytes.get(&sent).map(Vec::as_slice), "{sent:?} has changed");
        assert!(self.owed.contains(&sent) || self.doubtful.contains(&sent), "{sent:?} was acknowledged");
        assert!(!self.acknowledged.contains(&sent), "{sent:?} was acknowledged in this boot");
        assert!(!self.in_flight.contains(&sent), "{sent:?} is on its way already");
        self.in_flight.push(sent);
        assert!(self.in_flight.len() <= WINDOW);
    }

    fn take_in_flight(&mut self, pick: usize) -> Option<Number> {
        (!self.in_flight.is_empty()).then(|| self.in_flight.swap_remove(pick % self.in_flight.len()))
    }

    fn acknowledge(&mut self, device: &mut Firmware<'_>, pick: usize) {
        let Some(acknowledged) = self.take_in_flight(pick) else { return };
        self.owed.remove(&acknowledged);
        self.acknowledged.insert(acknowledged);
        match device.acknowledged(record(acknowledged)) {
            Ok(erased) => {
                assert!(erased);
                self.doubtful.remove(&acknowledged);
            }
            // It was not erased, or was; within this boot it is not sent again in any case.
            Err(_) => drop(self.doubtful.insert(acknowledged)),
        }
    }
}

fn make_nothing(device: &mut Firmware<'_>) {
    let mut buffer = [0; Memory::SLOT_LEN];
    let made = device.make_with(MessageType::STATUS, &mut buffer, |_, _| Err(7));
    assert!(matches!(made, Err(NotMade::Content(7) | NotMade::Full)), "{made:?}");
}

/// Starts the device, however often the power goes while it starts, and lives one boot.
fn boot(memory: &Memory, world: &mut World, steps: &mut VecDeque<Step>) {
    memory.power_on();
    while let Some(Step::Break(fault)) = steps.front() {
        memory.plan(*fault);
        steps.pop_front();
    }
    let watch = Watch::default();
    match start(memory, &watch, Settings::default()) {
        Ok(mut device) => world.live(&mut device, memory, steps),
        Err(error) => assert!(matches!(error, StartError::Storage(_)), "{error:?}"),
    }
}

/// Sends everything that is left, oldest first, and acknowledges it.
fn drain(memory: &Memory) -> Vec<Number> {
    memory.power_on();
    let watch = Watch::default();
    let mut device = started(memory, &watch);
    let mut buffer = [0; Memory::SLOT_LEN];
    let mut drained = Vec::new();
    while let Some(outgoing) = device.next_to_send(1, &mut buffer).unwrap() {
        drained.push(number(outgoing.record));
        assert!(device.acknowledged(outgoing.record).unwrap());
    }
    drained
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Over any history of records made, sent, acknowledged, lost sessions, errors of the storage and power cuts within
    /// any of its writes, at the start too.
    #[test]
    fn no_record_is_lost_changed_or_sent_after_it_was_erased_and_no_number_is_used_twice(
        steps in prop::collection::vec(any_step(), 1..150),
        content in prop_oneof![Just(0_u8), Just(0xFF), any::<u8>()],
    ) {
        let memory = Memory::new(RECORDS + 2, content);
        let mut world = World::default();
        let mut steps = VecDeque::from(steps);
        while !steps.is_empty() {
            boot(&memory, &mut world, &mut steps);
        }
        let drained = drain(&memory);
        prop_assert!(drained.is_sorted(), "oldest first: {drained:?}");
        let left: BTreeSet<_> = drained.iter().copied().collect();
        prop_assert_eq!(left.len(), drained.len());
        prop_assert!(left.is_superset(&world.owed), "lost: {:?}", world.owed.difference(&left));
        let possible: BTreeSet<_> = world.owed.union(&world.doubtful).copied().collect();
        prop_assert!(possible.is_superset(&left), "back again: {:?}", left.difference(&possible));
    }
}

/// The same, exhaustively: a device that makes, sends and acknowledges records is cut at each of its writes, its start's
/// too, with any part of it done.
#[test]
fn a_power_cut_at_any_write_costs_no_record_and_no_number() {
    let mut cuts = 0;
    for (boot_of_cut, calls) in (0..4).flat_map(|boot| (0..8).map(move |calls| (boot, calls))) {
        for new_bytes in (0..=64).chain([usize::MAX]) {
            let fault = Fault { calls, how: How::PowerCut, new_bytes };
            cuts += usize::from(lived_through(fault, boot_of_cut));
        }
    }
    assert!(cuts > 1000, "only {cuts} cuts came about");
}

/// Four boots with a cut in one of them; whether the cut came.
fn lived_through(fault: Fault, boot_of_cut: usize) -> bool {
    let memory = Memory::new(RECORDS + 2, 0xA5);
    let mut world = World::default();
    let mut cut = false;
    for number in 0..4 {
        let planned = (number == boot_of_cut).then_some(Step::Break(fault));
        let made_and_sent = [Step::Make(40), Step::Make(20), Step::Send, Step::Send];
        let acknowledged = [Step::Acknowledge(0), Step::Acknowledge(0), Step::Restart];
        let mut steps = planned.into_iter().chain(made_and_sent).chain(acknowledged).collect();
        boot(&memory, &mut world, &mut steps);
        cut |= !memory.is_powered();
    }
    let left: BTreeSet<_> = drain(&memory).into_iter().collect();
    assert!(left.is_superset(&world.owed), "{fault:?} in boot {boot_of_cut}");
    cut
}
