//! The explanation against a plain model of what gateways lose, tell and keep to themselves.

use proptest::prelude::*;

use super::super::{DeviceLedger, PlatformView, Reason, Verdict};
use super::*;

/// What really became of an acknowledged record.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Delivered,
    /// Lost, and counted in this loss record of its stream.
    Told(usize),
    /// The same, but the acknowledgement never reached the device, which lost it too.
    ToldUnacknowledged(usize),
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
        1 => (0..LOSSES_A_STREAM).prop_map(Fate::ToldUnacknowledged),
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
    missing: Vec<(Arc<str>, Class)>,
    told: usize,
    told_unacknowledged: usize,
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
                world.record(format!("{device}/{boot}/{seq}").into(), class, *fate);
                if let Fate::Told(which) | Fate::ToldUnacknowledged(which) = *fate {
                    let told = losses.entry((device, boot, *is_incident, which)).or_insert_with(|| {
                        let fresh = loss(Some(device), boot, Some(class), TAKING[which % TAKING.len()]);
                        Loss { first_seq: Some(seq), count: 0, ..fresh }
                    });
                    (told.last_seq, told.count) = (Some(seq), told.count + 1);
                }
            }
        }
        world.platform.losses = losses.into_values().collect();
        world
    }

    fn record(&mut self, id: Arc<str>, class: Class, fate: Fate) {
        self.told += usize::from(matches!(fate, Fate::Told(_)));
        self.told_unacknowledged += usize::from(matches!(fate, Fate::ToldUnacknowledged(_)));
        match fate {
            Fate::ToldUnacknowledged(_) => return,
            Fate::Delivered => _ = self.platform.delivered.insert(id.clone(), None),
            Fate::Told(_) | Fate::Untold => self.missing.push((id.clone(), class)),
        }
        self.devices.acknowledged(&id, class);
    }
}

/// How many of these records can each be given a place in a loss record that spans it: by trying, and giving others another
/// place where that helps.
fn most_explained(missing: &[(Arc<str>, Class)], losses: &[Loss]) -> usize {
    let places: Vec<&Loss> =
        losses.iter().flat_map(|loss| std::iter::repeat_n(loss, loss.count as usize)).collect();
    let fits = |record: usize, place: usize| {
        let ((id, class), loss) = (&missing[record], places[place]);
        let (device, boot, seq) = numbers(id).unwrap();
        let of_stream = stream(loss) == Some((device, boot, *class));
        of_stream && (loss.first_seq..=loss.last_seq).contains(&Some(seq))
    };
    let mut taken_by = vec![None; places.len()];
    (0..missing.len())
        .filter(|record| find_place(*record, &fits, &mut taken_by, &mut vec![false; places.len()]))
        .count()
}

fn find_place(
    record: usize,
    fits: &impl Fn(usize, usize) -> bool,
    taken_by: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for place in 0..taken_by.len() {
        if !fits(record, place) || std::mem::replace(&mut tried[place], true) {
            continue;
        }
        let is_free = match taken_by[place] {
            None => true,
            Some(other) => find_place(other, fits, taken_by, tried),
        };
        if is_free {
            taken_by[place] = Some(record);
            return true;
        }
    }
    false
}

proptest! {
    /// Delivered records between lost ones, spans that lie across each other, losses that nobody told within the spans of those that
    /// were told, losses told that no device knows of: as much is explained as can be, and everything else is lost.
    #[test]
    fn as_much_is_explained_as_was_told_and_everything_else_is_lost(
        boots in prop::collection::vec(boot(), DEVICES.len() * BOOTS as usize),
        with_noise in any::<bool>(),
    ) {
        let mut world = World::live(&boots);
        let losses = world.platform.losses.clone();
        if with_noise {
            world.platform.losses.extend(noise());
        }
        let verdict = Verdict::reconcile(&world.devices, &world.platform);
        let (most, missing) = (most_explained(&world.missing, &losses), world.missing.len());
        prop_assert!((world.told..=world.told + world.told_unacknowledged).contains(&most), "the model itself");
        prop_assert_eq!((verdict.explained, verdict.lost), (most as u64, (missing - most) as u64), "{}", &verdict);
        let explained = explained(&world.missing, &world.platform.losses);
        let (explained, lost): (Vec<_>, Vec<_>) =
            world.missing.into_iter().partition(|(id, _)| explained.contains(id));
        prop_assert_eq!(most_explained(&explained, &losses), explained.len(), "each has a place of its own");
        let named: Vec<_> = lost.iter().map(|(id, _)| id.clone()).collect();
        prop_assert!(verdict.lost_ids.iter().all(|id| named.contains(id)));
        prop_assert_eq!(verdict.acknowledged, verdict.acknowledged_arrived + verdict.explained + verdict.lost);
        prop_assert_eq!(verdict.holds(), lost.is_empty());
    }
}
