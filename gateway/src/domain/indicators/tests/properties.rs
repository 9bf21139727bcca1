//! Figures do not depend on the order of entries, nor on how they are split up.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::domain::civil::CityClock;
use crate::domain::indicators::{
    AnotherQuestion, By, Count, Counts, Figures, GROUPS_MAX, Query, Question, TooManyGroups,
};
use crate::domain::journal::{Attribution, Entry, Facts};
use crate::domain::report::{CaseKind, DeviceId, Identity, ObservedAt, TimeQuality};

const NOON: i64 = 1_795_752_000_000;
const DAY_MS: i64 = 86_400_000;

fn facts() -> impl Strategy<Value = Facts> {
    let attribution =
        prop_oneof![Just(Attribution::Assigned), Just(Attribution::Ambiguous), Just(Attribution::Unassigned)];
    let place = (0..3_u8, 0..2_u8, 0..2_u8);
    (any::<bool>(), 0..3_u8, attribution, place, any::<[bool; 3]>(), option::of(1..40_i64)).prop_map(
        |(event, code, attribution, (street, renamed, community), [cross_boundary, joint, urgent], limit)| {
            Facts {
                kind: if event { CaseKind::Event } else { CaseKind::Component },
                code: format!("050{code}").into(),
                attribution,
                grid: format!("{street}{community}").into(),
                community_code: if renamed == 0 { "".into() } else { format!("c{community}").into() },
                community: format!("社区{community}").into(),
                street_code: format!("s{street}").into(),
                street: format!("街道{street}{renamed}").into(),
                cross_boundary,
                joint,
                urgent,
                time_limit: limit.map(|hours| hours.to_string().into()),
                stall: None,
            }
        },
    )
}

fn entry() -> impl Strategy<Value = Entry> {
    let time = NOON - 2 * DAY_MS..NOON + 2 * DAY_MS;
    let quality = proptest::sample::select(TimeQuality::ALL.to_vec());
    let times = (time.clone(), option::of((time.clone(), quality)), option::of(time));
    (times, any::<[bool; 3]>(), facts()).prop_map(
        |((received_at_ms, observed, handled_at_ms), [back_stamped, disposed, witness], facts)| Entry {
            number: 0,
            device: DeviceId::parse("car-07").unwrap(),
            identity: Identity::Device { boot: 1, seq: 1 },
            received_at_ms,
            observed_at: observed.map(|(unix_ms, quality)| ObservedAt { unix_ms, quality }),
            back_stamped,
            handled_at_ms,
            self_disposed: disposed || handled_at_ms.is_some(),
            witness_of: witness.then(|| "car-07/1/1".into()),
            facts,
        },
    )
}

/// Entries with numbers of their own.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    vec(entry(), 0..60).prop_map(|mut entries| {
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.number = number as i64 + 1;
        }
        entries
    })
}

fn question(by: &[bool; 5]) -> Question {
    let names = ["day", "street", "community", "grid", "code"];
    let names: Vec<&str> = names.into_iter().zip(by).filter(|(_, by)| **by).map(|(name, _)| name).collect();
    let query = Query { by: By::parse(&names.join(",")).unwrap(), ..Query::default() };
    Question { query, clock: CityClock::default(), as_of_ms: NOON }
}

fn figures<'a>(question: Question, entries: impl IntoIterator<Item = &'a Entry>) -> Figures {
    let mut figures = Figures::new(question);
    for entry in entries {
        let hours = entry.facts.time_limit.as_deref().and_then(|limit| limit.parse::<i64>().ok());
        figures.add(entry, |entry| Some(entry.counts_at_ms() + hours? * 3_600_000));
    }
    figures
}

proptest! {
    #[test]
    fn any_order_and_any_split_give_the_same_figures(
        (entries, shuffled) in entries().prop_flat_map(|entries| (Just(entries.clone()), Just(entries).prop_shuffle())),
        cut in any::<prop::sample::Index>(),
        by in any::<[bool; 5]>(),
    ) {
        let question = question(&by);
        let all = figures(question, &entries);
        prop_assert_eq!(&figures(question, &shuffled), &all);
        let (first, second) = shuffled.split_at(cut.index(shuffled.len() + 1));
        let mut merged = figures(question, first);
        merged.merge(figures(question, second)).unwrap();
        prop_assert_eq!(&merged, &all);
        let mut turned = figures(question, second);
        turned.merge(figures(question, first)).unwrap();
        prop_assert_eq!(&turned, &all);
    }

    #[test]
    fn nothing_is_counted_twice_or_forgotten_however_it_is_grouped(entries in entries(), by in any::<[bool; 5]>()) {
        let together = figures(question(&[false; 5]), &entries);
        let counts = |figures: &Figures| {
            let groups = figures.groups.as_ref().unwrap();
            groups.values().fold(Counts::default(), |mut sum, group| {
                sum.add(&group.counts);
                sum
            })
        };
        let sum = counts(&figures(question(&by), &entries));
        prop_assert_eq!(counts(&together), sum);
        let of = |all: &[Count]| all.iter().map(|count| sum.of(*count)).sum::<u64>();
        prop_assert_eq!(of(&[Count::Reports]), entries.len() as u64);
        prop_assert_eq!(of(&[Count::Events, Count::Components]), of(&[Count::Reports]));
        prop_assert_eq!(of(&[Count::Assigned, Count::Ambiguous, Count::Unassigned]), of(&[Count::Reports]));
        prop_assert_eq!(of(&[Count::Findings, Count::Witnesses]), of(&[Count::Reports]));
        let limited = entries.iter().filter(|entry| entry.witness_of.is_none() && entry.facts.time_limit.is_some());
        prop_assert_eq!(of(&[Count::InTime, Count::Late, Count::Open, Count::Unjudged]), limited.count() as u64);
    }
}

#[test]
fn beyond_the_bound_there_is_no_answer_in_whatever_pieces_the_entries_come() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let one = entry().new_tree(&mut runner).unwrap().current();
    let many: Vec<Entry> = (0..=GROUPS_MAX)
        .map(|number| {
            let facts = Facts { code: format!("{number:05}").into(), ..one.facts.clone() };
            Entry { number: number as i64, facts, ..one.clone() }
        })
        .collect();
    let question = question(&[false, false, false, false, true]);
    assert_eq!(figures(question, &many[1..]).sheet().unwrap().rows.len(), GROUPS_MAX);
    assert_eq!(figures(question, &many).sheet(), Err(TooManyGroups));
    let mut merged = figures(question, &many[..10]);
    merged.merge(figures(question, &many[5..])).unwrap();
    assert_eq!(merged.sheet(), Err(TooManyGroups));
    merged.merge(figures(question, [])).unwrap();
    assert_eq!(merged.sheet(), Err(TooManyGroups), "it does not come back");
}

#[test]
fn figures_of_different_questions_are_not_mixed() {
    let mut figures = Figures::new(question(&[true; 5]));
    assert_eq!(figures.merge(Figures::new(question(&[false; 5]))), Err(AnotherQuestion));
}
