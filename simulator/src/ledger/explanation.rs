//! Which missing records the loss records explain.
//!
//! A record that was acknowledged and never arrived is explained when a loss record of its device, boot and class, for a reason that
//! takes acknowledged records away, spans its number. A loss record explains at most as many records as it counts: of a thinned
//! track most records between the first and the last are still there. What names no device or no class explains nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::Loss;
use crate::device::Class;

/// Device, boot and class: the records whose numbers a span is about.
type Stream<'a> = (&'a str, u32, Class);

/// A span of numbers that ends at `last` and has `left` records to explain.
type Span = Reverse<(u32, u64)>;

/// Which of the missing records the loss records explain: as many as can be, each by one of them.
pub(super) fn explained(missing: &[(Arc<str>, Class)], losses: &[Loss]) -> HashSet<Arc<str>> {
    let mut streams: HashMap<Stream<'_>, Vec<(u32, &Arc<str>)>> = HashMap::new();
    for (id, class) in missing {
        if let Some((device, boot, seq)) = numbers(id) {
            streams.entry((device, boot, *class)).or_default().push((seq, id));
        }
    }
    let mut spans: HashMap<Stream<'_>, Vec<&Loss>> = HashMap::new();
    for loss in losses.iter().filter(|loss| loss.records_taken() > 0) {
        if let Some(stream) = stream(loss) {
            spans.entry(stream).or_default().push(loss);
        }
    }
    let of_stream = |(stream, records)| explained_in(records, spans.remove(&stream).unwrap_or_default());
    streams.into_iter().flat_map(of_stream).collect()
}

/// The same within one stream. Going up, each record is given to the span that ends first: whatever comes later can still use the
/// others, so no other choice explains more.
fn explained_in(mut records: Vec<(u32, &Arc<str>)>, mut losses: Vec<&Loss>) -> Vec<Arc<str>> {
    records.sort_unstable();
    losses.sort_by_key(|loss| Reverse(loss.first_seq));
    let (mut open, mut explained) = (BinaryHeap::<Span>::new(), Vec::new());
    for (seq, id) in records {
        while let Some(loss) = losses.pop_if(|loss| loss.first_seq <= Some(seq)) {
            open.push(Reverse((loss.last_seq.unwrap_or_default(), loss.count)));
        }
        while open.peek().is_some_and(|Reverse((last, _))| *last < seq) {
            open.pop();
        }
        if let Some(Reverse((last, left))) = open.pop() {
            explained.push(id.clone());
            if left > 1 {
                open.push(Reverse((last, left - 1)));
            }
        }
    }
    explained
}

fn stream(loss: &Loss) -> Option<Stream<'_>> {
    Some((loss.device.as_deref()?, loss.boot?, loss.class?))
}

/// Device, boot and number of a record's id; `None` for one that its device did not number.
fn numbers(id: &str) -> Option<(&str, u32, u32)> {
    let (rest, seq) = id.rsplit_once('/')?;
    let (device, boot) = rest.rsplit_once('/')?;
    Some((device, boot.parse().ok()?, seq.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{DeviceLedger, PlatformView, Reason, Verdict};
    use super::*;

    /// What really became of an acknowledged record.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Fate {
        Delivered,
        /// Lost, and counted in this loss record of its stream.
        Told(usize),
        /// Lost, and nobody said so.
        Untold,
    }

    const DEVICES: [&str; 2] = ["car-01", "car-02"];
    const BOOTS: u32 = 2;
    const LOSSES_A_STREAM: usize = 4;
    const TAKING: [Reason; 3] = [Reason::Thinned, Reason::Evicted, Reason::Damaged];
    const OTHERS: [Reason; 4] = [Reason::NoRoom, Reason::Withheld, Reason::NotUnderstood, Reason::LogDamaged];

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            4 => Just(Fate::Delivered),
            3 => (0..LOSSES_A_STREAM).prop_map(Fate::Told),
            1 => Just(Fate::Untold),
        ]
    }

    /// Records of one boot in the order of their numbers, each an incident or a telemetry.
    fn boot() -> impl Strategy<Value = Vec<(bool, Fate)>> {
        prop::collection::vec((any::<bool>(), fate()), 0..40)
    }

    fn loss(device: Option<&str>, boot: u32, class: Option<Class>, reason: Reason) -> Loss {
        let time = || "2026-11-23T01:12:44.120Z".to_owned();
        Loss {
            id: String::new(),
            device: device.map(str::to_owned),
            boot: Some(boot),
            run: None,
            first_seq: Some(0),
            last_seq: Some(u32::MAX),
            class,
            reason,
            count: 1_000,
            first_noted_at: time(),
            last_noted_at: time(),
        }
    }

    /// Loss records that must explain nothing, wide as they are.
    fn noise() -> Vec<Loss> {
        let of_others = OTHERS.map(|reason| loss(Some(DEVICES[0]), 0, Some(Class::Telemetry), reason));
        let nameless = [
            loss(None, 0, Some(Class::Telemetry), Reason::Evicted),
            loss(Some(DEVICES[0]), 0, None, Reason::Damaged),
            loss(Some(DEVICES[0]), BOOTS, Some(Class::Telemetry), Reason::Evicted),
            loss(Some(DEVICES[0]), 0, Some(Class::Reading), Reason::Thinned),
        ];
        let run = Loss {
            boot: None,
            run: Some("g0".to_owned()),
            ..loss(Some(DEVICES[0]), 0, Some(Class::Telemetry), Reason::Evicted)
        };
        of_others.into_iter().chain(nameless).chain([run]).collect()
    }

    #[derive(Default)]
    struct World {
        devices: DeviceLedger,
        platform: PlatformView,
        told: u64,
        untold: u64,
    }

    impl World {
        /// A gateway that tells exactly what it lost, and loses some without a word.
        fn live(boots: &[Vec<(bool, Fate)>]) -> World {
            let mut world = World::default();
            let mut losses: HashMap<(&str, u32, bool, usize), Loss> = HashMap::new();
            for (at, records) in boots.iter().enumerate() {
                let (device, boot) = (DEVICES[at % DEVICES.len()], (at / DEVICES.len()) as u32);
                for (seq, (is_incident, fate)) in (0..).zip(records) {
                    let class = if *is_incident { Class::Incident } else { Class::Telemetry };
                    let id = format!("{device}/{boot}/{seq}");
                    world.devices.acknowledged(&id, class);
                    match *fate {
                        Fate::Delivered => _ = world.platform.delivered.insert(id.into(), None),
                        Fate::Untold => world.untold += 1,
                        Fate::Told(which) => {
                            world.told += 1;
                            let of_stream = losses.entry((device, boot, *is_incident, which));
                            let loss = of_stream.or_insert_with(|| {
                                let fresh =
                                    loss(Some(device), boot, Some(class), TAKING[which % TAKING.len()]);
                                Loss { first_seq: Some(seq), count: 0, ..fresh }
                            });
                            (loss.last_seq, loss.count) = (Some(seq), loss.count + 1);
                        }
                    }
                }
            }
            world.platform.losses = losses.into_values().collect();
            world
        }
    }

    proptest! {
        /// A delivered record between two lost ones, spans that lie across each other, losses that nobody told within the spans of
        /// those that were told: the figures are those of what really happened.
        #[test]
        fn exactly_what_was_told_is_explained_and_everything_else_is_lost(
            boots in prop::collection::vec(boot(), DEVICES.len() * BOOTS as usize),
            with_noise in any::<bool>(),
        ) {
            let mut world = World::live(&boots);
            if with_noise {
                world.platform.losses.extend(noise());
            }
            let verdict = Verdict::reconcile(&world.devices, &world.platform);
            prop_assert_eq!((verdict.explained, verdict.lost), (world.told, world.untold), "{}", &verdict);
            prop_assert_eq!(
                verdict.acknowledged,
                verdict.acknowledged_arrived + verdict.explained + verdict.lost
            );
            prop_assert_eq!(verdict.holds(), world.untold == 0);
        }
    }
}
