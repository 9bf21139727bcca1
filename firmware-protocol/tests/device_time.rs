//! A device says what time it is, and how wrong that can be at most.
#![cfg(feature = "hmac-sha256")]
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

mod support;

use std::cell::RefCell;

use firmware_protocol::body::{Telemetry, TimeSync};
use firmware_protocol::device::{Down, Settings, TimeAnswer, WallTime};
use firmware_protocol::{ErrorBound, TimeQuality, TimeSource};
use proptest::prelude::*;
use support::device::gateway::{Firmware, Sender, heard, started};
use support::device::stand_ins::{Memory, Watch};

/// 2026-11-23.
const TODAY_US: i64 = 1_795_392_000_000_000;

const DRIFT_PPM: u32 = 50;

/// A device and a gateway in time that is told in microseconds since the device started.
struct Clocks {
    /// How much the device's clock goes wrong, in millionths.
    drift_ppm: i64,
    /// How wrong the gateway's clock is.
    gateway_error_us: i64,
    gateway: RefCell<Sender>,
}

impl Clocks {
    fn new(drift_ppm: i64, gateway_error_us: i64) -> Self {
        Self { drift_ppm, gateway_error_us, gateway: RefCell::new(Sender::new(1)) }
    }

    fn uptime_ms(&self, at_us: i64) -> u64 {
        ((at_us + at_us * self.drift_ppm / 1_000_000) / 1000) as u64
    }

    fn gateway_unix_ms(&self, at_us: i64) -> u64 {
        ((TODAY_US + at_us + self.gateway_error_us) / 1000) as u64
    }

    /// A question asked at `asked_us` and its answer, each leg so long, and `at_gateway_us` in between.
    fn exchange(
        &self,
        device: &mut Firmware<'_>,
        watch: &Watch,
        bound: ErrorBound,
        [asked_us, up_us, at_gateway_us, down_us]: [i64; 4],
    ) -> TimeAnswer {
        watch.uptime_ms.set(self.uptime_ms(asked_us));
        let mut buffer = [0; 128];
        let question = device.time_question(&mut buffer).unwrap();
        let asked = heard(question.bytes).decode::<TimeSync>().unwrap();
        let received_unix_ms = self.gateway_unix_ms(asked_us + up_us);
        let sent_unix_ms = self.gateway_unix_ms(asked_us + up_us + at_gateway_us);
        let answer = TimeSync { received_unix_ms, sent_unix_ms, ..asked };
        let quality = TimeQuality { source: TimeSource::NETWORK, error_bound: bound };
        watch.uptime_ms.set(self.uptime_ms(asked_us + up_us + at_gateway_us + down_us));
        answered(device, &self.gateway.borrow_mut().say_at(quality, &answer))
    }
}

fn answered(device: &mut Firmware<'_>, frame: &[u8]) -> TimeAnswer {
    match device.receive(frame) {
        Ok(Down::Time(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

fn settings() -> Settings {
    Settings { drift_ppm: DRIFT_PPM, ..Settings::default() }
}

/// From nothing to minutes, at all scales.
fn any_delay_us() -> impl Strategy<Value = i64> {
    (0..28_u32).prop_flat_map(|bits| 0..=1_i64 << bits)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// However unequal the two ways are, however the device's clock drifts within what was stated, and however wrong the
    /// gateway's own clock is within what it says.
    #[test]
    fn the_time_is_never_more_wrong_than_the_device_says(
        drift_ppm in -i64::from(DRIFT_PPM)..=i64::from(DRIFT_PPM),
        gateway in (1..=5_u32, prop_oneof![Just(-1_000), Just(1_000), -1_000_i64..=1_000]),
        delays in (any_delay_us(), any_delay_us(), any_delay_us()),
        more in prop::collection::vec((any_delay_us(), any_delay_us()), 0..3),
        later_us in any_delay_us(),
    ) {
        let bound = ErrorBound::within_ms(1 << (2 * (gateway.0 - 1)));
        let bound_us = i64::from(bound.max_ms().unwrap()) * 1000;
        let clocks = Clocks::new(drift_ppm, bound_us * gateway.1 / 1000);
        let (memory, watch) = (Memory::new(8, 0), Watch::default());
        let mut device = started(&memory, &watch, settings());
        let (up_us, at_gateway_us, down_us) = delays;
        let mut now_us = 1_000_000;
        let answer = clocks.exchange(&mut device, &watch, bound, [now_us, up_us, at_gateway_us, down_us]);
        // A gateway that thinks for minutes may seem to take longer than the whole exchange, to a clock that goes slow.
        prop_assume!(answer != TimeAnswer::Impossible);
        prop_assert_eq!(answer, TimeAnswer::Taken);
        now_us += up_us + at_gateway_us + down_us;
        let round_trip_us = up_us + down_us;
        let first = said_error(&clocks, &device, now_us);
        // The bound is of use too: it is a power of four above what can be known. (A clock that goes fast tells a longer
        // round trip.)
        let drift_ms = now_us * i64::from(DRIFT_PPM) / 1_000_000_000;
        let knowable_ms = bound_us / 1000 + round_trip_us / 2000 + 2 * drift_ms + 7;
        prop_assert!(first.bound_ms <= 4 * knowable_ms, "{} ms where {knowable_ms} ms are due", first.bound_ms);
        prop_assert!(first.wrong_us <= first.bound_ms * 1000, "{first:?}");

        // More questions, taken or not, and any time after.
        for (up_us, down_us) in more {
            clocks.exchange(&mut device, &watch, bound, [now_us, up_us, 0, down_us]);
            now_us += up_us + down_us;
            let said = said_error(&clocks, &device, now_us);
            prop_assert!(said.wrong_us <= said.bound_ms * 1000, "{said:?}");
        }
        now_us += later_us;
        watch.uptime_ms.set(clocks.uptime_ms(now_us));
        let said = said_error(&clocks, &device, now_us);
        prop_assert!(said.wrong_us <= said.bound_ms * 1000, "{said:?}");
    }
}

#[derive(Debug)]
struct Said {
    wrong_us: i64,
    bound_ms: i64,
}

fn said_error(clocks: &Clocks, device: &Firmware<'_>, now_us: i64) -> Said {
    assert_eq!(device.uptime_ms(), clocks.uptime_ms(now_us));
    let WallTime { unix_ms, quality } = device.time();
    assert_eq!(quality.source, TimeSource::GATEWAY_SYNC);
    let wrong_us = (unix_ms as i64 * 1000 - (TODAY_US + now_us)).abs();
    Said { wrong_us, bound_ms: quality.error_bound.max_ms().unwrap().into() }
}

#[test]
fn before_the_first_answer_the_time_is_unknown() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    assert_eq!(started(&memory, &watch, settings()).time(), WallTime::default());
}

#[test]
fn the_error_grows_with_the_clocks_drift() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let clocks = Clocks::new(0, 0);
    clocks.exchange(&mut device, &watch, ErrorBound::within_ms(1), [0, 3_000, 0, 3_000]);
    let bounds: Vec<_> = [0, 1, 24, 24 * 30]
        .into_iter()
        .map(|hours| {
            watch.uptime_ms.set(6 + hours * 3_600_000);
            device.time().quality.error_bound.max_ms().unwrap()
        })
        .collect();
    // 8 ms; 180 ms more in an hour, 4.3 s in a day, 130 s in a month.
    assert_eq!(bounds, [16, 256, 16_384, 262_144]);
}

#[test]
fn the_clocks_drift_while_the_gateway_takes_its_time_counts_too() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let (hours_20_us, all_that_drifts_away_us) = (72_000_000_000, 3_600_000);
    let clocks = Clocks::new(-i64::from(DRIFT_PPM), 0);
    let times = [0, 0, hours_20_us, all_that_drifts_away_us];
    assert_eq!(clocks.exchange(&mut device, &watch, ErrorBound::within_ms(1), times), TimeAnswer::Taken);
    let said = said_error(&clocks, &device, hours_20_us + all_that_drifts_away_us);
    assert!(said.wrong_us > 3_000_000 && said.wrong_us <= said.bound_ms * 1000, "{said:?}");
}

#[test]
fn a_gateway_that_does_not_know_how_wrong_its_clock_is_leaves_the_bound_unknown() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let clocks = Clocks::new(0, 0);
    let answer = clocks.exchange(&mut device, &watch, ErrorBound::UNKNOWN, [0, 3_000, 0, 3_000]);
    assert_eq!(answer, TimeAnswer::Taken);
    let quality = TimeQuality { source: TimeSource::GATEWAY_SYNC, error_bound: ErrorBound::UNKNOWN };
    assert_eq!((device.time().quality, device.time().unix_ms), (quality, 1_795_392_000_006));
}

#[test]
fn only_the_answer_to_the_last_question_sets_the_clock_and_only_once() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let mut gateway = Sender::new(1);
    let mut buffer = [0; 128];
    let mut ask = |device: &mut Firmware<'_>, uptime_ms| {
        watch.uptime_ms.set(uptime_ms);
        let question = device.time_question(&mut buffer).unwrap();
        heard(question.bytes).decode::<TimeSync>().unwrap()
    };
    let (received_unix_ms, sent_unix_ms) = (1_795_392_000_000, 1_795_392_000_000);
    let first = ask(&mut device, 10);
    let second = TimeSync { received_unix_ms, sent_unix_ms, ..ask(&mut device, 20) };
    let other_boot = TimeSync { asked_boot: second.asked_boot + 1, ..second };
    let earlier = TimeSync { received_unix_ms, sent_unix_ms, ..first };
    for wrong in [earlier, other_boot] {
        assert_eq!(answered(&mut device, &gateway.say(&wrong)), TimeAnswer::NotAsked);
    }
    assert_eq!(device.time(), WallTime::default());
    assert_eq!(answered(&mut device, &gateway.say(&second)), TimeAnswer::Taken);
    assert_eq!(answered(&mut device, &gateway.say(&second)), TimeAnswer::NotAsked);

    let lost = TimeSync { received_unix_ms, sent_unix_ms, ..ask(&mut device, 30) };
    device.disconnected();
    assert_eq!(answered(&mut device, &gateway.say(&lost)), TimeAnswer::NotAsked);
}

#[test]
fn times_that_cannot_be_set_no_clock() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let mut gateway = Sender::new(1);
    let now = 1_795_392_000_000;
    let wrong = [
        (0, 0, TimeAnswer::Unknown),
        (now, now - 1, TimeAnswer::Impossible),
        (now, now + 1_000, TimeAnswer::Impossible), // it was answered within 100 ms
        (u64::MAX, u64::MAX, TimeAnswer::Impossible),
        (1 << 48, 1 << 48, TimeAnswer::Impossible),
    ];
    for (received_unix_ms, sent_unix_ms, expected) in wrong {
        let mut buffer = [0; 128];
        let question = device.time_question(&mut buffer).unwrap();
        let asked = heard(question.bytes).decode::<TimeSync>().unwrap();
        watch.uptime_ms.set(watch.uptime_ms.get() + 100);
        let answer = gateway.say(&TimeSync { received_unix_ms, sent_unix_ms, ..asked });
        assert_eq!(answered(&mut device, &answer), expected);
        assert_eq!(device.time(), WallTime::default());
    }
}

#[test]
fn a_worse_answer_does_not_take_the_place_of_a_better_one() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let clocks = Clocks::new(0, 0);
    let mut exchange = |times| clocks.exchange(&mut device, &watch, ErrorBound::within_ms(1), times);
    assert_eq!(exchange([0, 10_000, 0, 10_000]), TimeAnswer::Taken);
    assert_eq!(exchange([1_000_000, 10_000, 0, 900_000]), TimeAnswer::Worse);
    // After five hours at 50 ppm the first one may be wrong by 0.9 s.
    assert_eq!(exchange([18_000_000_000, 10_000, 0, 900_000]), TimeAnswer::Taken);
}

#[test]
fn a_clock_of_the_devices_own_counts_as_long_as_it_is_set() {
    let (memory, watch) = (Memory::new(8, 0), Watch::default());
    let mut device = started(&memory, &watch, settings());
    let clocks = Clocks::new(0, 0);
    clocks.exchange(&mut device, &watch, ErrorBound::within_ms(1), [0, 3_000, 0, 3_000]);
    let quality = TimeQuality { source: TimeSource::GNSS, error_bound: ErrorBound::within_ms(1) };
    let wall = WallTime { unix_ms: 1_795_392_777_000, quality };
    watch.wall.set(Some(wall));
    let mut buffer = [0; Memory::SLOT_LEN];
    device.report(&Telemetry::default(), &mut buffer).unwrap();
    let sent = device.next_to_send(1, &mut buffer).unwrap().unwrap();
    let header = heard(sent.bytes).header;
    assert_eq!((header.unix_ms, header.time_quality), (wall.unix_ms, quality));
    for unset in [None, Some(WallTime { unix_ms: 0, ..wall }), Some(WallTime { unix_ms: 1 << 48, ..wall })] {
        watch.wall.set(unset);
        assert_eq!(device.time().quality.source, TimeSource::GATEWAY_SYNC, "{unset:?}");
    }
}
