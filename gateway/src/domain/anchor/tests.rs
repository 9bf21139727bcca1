use proptest::prelude::*;

use super::*;

/// 2026-11-23T01:12:44Z.
const BOOTED_AT_MS: i64 = 1_795_396_364_000;

/// Keeps what is better than what is known, as the store does; false when nothing is.
fn note(anchors: &mut Anchors, boot: u32, anchor: Anchor) -> bool {
    let is_news = anchors.of(boot).is_none_or(|known| anchor.improves(&known));
    if is_news {
        anchors.set(boot, anchor);
    }
    is_news
}

/// A device's clock: right but for `error_ms`.
fn clock(quality: TimeQuality, uptime_ms: i64, error_ms: i64) -> Anchor {
    let observed_at = ObservedAt { unix_ms: BOOTED_AT_MS + uptime_ms + error_ms, quality };
    Anchor::new(observed_at, uptime_ms).expect("a time that can be right")
}

fn quality() -> impl Strategy<Value = TimeQuality> {
    prop::sample::select(TimeQuality::ALL.to_vec())
}

proptest! {
    #[test]
    fn what_happened_at_any_uptime_is_dated_as_well_as_the_clock_that_anchors_it(
        frames in prop::collection::vec((0i64..1 << 40, -400i64..400), 1..20),
        asked in 0i64..1 << 40,
    ) {
        let mut anchors = Anchors::default();
        for (uptime_ms, error_ms) in frames {
            note(&mut anchors, 7, clock(TimeQuality::Gnss, uptime_ms, error_ms));
            // Earlier than the frame that anchors it, and later, and after any number of frames.
            let dated = anchors.of(7).and_then(|anchor| anchor.date(asked)).expect("a date");
            prop_assert!(dated.abs_diff(BOOTED_AT_MS + asked) <= 400);
        }
    }

    #[test]
    fn a_resend_and_a_worse_clock_change_nothing_and_the_best_clock_wins(
        said in prop::collection::vec((quality(), -100_000i64..100_000), 1..20),
    ) {
        let mut anchors = Anchors::default();
        for (quality, error_ms) in &said {
            let anchor = clock(*quality, 5_000, *error_ms);
            note(&mut anchors, 1, anchor);
            prop_assert!(!note(&mut anchors, 1, anchor), "a resend");
        }
        let best = said.iter().map(|(quality, _)| *quality).max();
        prop_assert_eq!(anchors.of(1).map(|anchor| anchor.quality), best);
        // Of the best clocks the last word counts, but for what is no more than drift.
        let last = said.iter().rev().find(|(quality, _)| Some(*quality) == best).map(|(_, error_ms)| *error_ms);
        let kept = anchors.of(1).map_or(0, |anchor| anchor.booted_at_ms - BOOTED_AT_MS);
        prop_assert!(kept.abs_diff(last.unwrap_or(0)) <= MOVED_MS);
    }

    #[test]
    fn the_boots_told_of_last_are_kept_and_no_more(boots in prop::collection::vec(0u32..12, 1..60)) {
        let mut anchors = Anchors::default();
        let mut known: Vec<u32> = Vec::new();
        for (at, boot) in boots.into_iter().enumerate() {
            let gone = anchors.set(boot, clock(TimeQuality::Rtc, 0, at as i64 * 10_000));
            known.retain(|other| *other != boot);
            known.push(boot);
            let forgotten = (known.len() > BOOTS_MAX).then(|| known.remove(0));
            prop_assert_eq!(gone, forgotten);
            let kept: Vec<u32> = (0..12).filter(|boot| anchors.of(*boot).is_some()).collect();
            let mut expected = known.clone();
            expected.sort_unstable();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn no_time_that_can_not_be_right_anchors_anything_and_no_sum_overflows(
        unix_ms: i64, uptime_ms: i64, asked: i64,
    ) {
        let anchor = Anchor::new(ObservedAt { unix_ms, quality: TimeQuality::Gnss }, uptime_ms);
        let plausible = (ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS..=*ObservedAt::UNIX_MS.end()).contains(&unix_ms);
        prop_assert!(plausible || anchor.is_none());
        if let Some(dated) = anchor.and_then(|anchor| anchor.date(asked)) {
            prop_assert!(ObservedAt::UNIX_MS.contains(&dated));
        }
    }
}
