//! The window against a plain set of everything ever seen.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Action {
    Insert(u32, u32),
    Run(u32, u32, u32),
    Remove(u32, u32),
    Reload,
}

/// Numbers close enough to each other to touch, at both ends of the range, in few and in many boots.
fn action() -> impl Strategy<Value = Action> {
    let boot = prop_oneof![8 => 3..6_u32, 1 => 0..40_u32, 1 => any::<u32>()];
    let seq = prop_oneof![4 => 0..40_u32, 2 => (u32::MAX - 20)..=u32::MAX, 1 => any::<u32>()];
    prop_oneof![
        6 => (boot.clone(), seq.clone()).prop_map(|(boot, seq)| Action::Insert(boot, seq)),
        2 => (boot.clone(), seq.clone(), 1..30_u32).prop_map(|(boot, seq, count)| Action::Run(boot, seq, count)),
        3 => (boot, seq).prop_map(|(boot, seq)| Action::Remove(boot, seq)),
        1 => Just(Action::Reload),
    ]
}

struct Model {
    window: SeenWindow,
    seen: HashSet<(u32, u32)>,
}

impl Model {
    fn insert(&mut self, boot: u32, seq: u32) {
        let remembered = self.window.contains(boot, seq);
        let new = self.window.insert(boot, seq);
        assert_eq!(new, !remembered);
        assert!(new || self.seen.contains(&(boot, seq)), "{boot}/{seq} was never seen and is dropped");
        self.seen.insert((boot, seq));
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Insert(boot, seq) => self.insert(boot, seq),
            Action::Run(boot, seq, count) => (0..count).for_each(|i| self.insert(boot, seq.wrapping_add(i))),
            Action::Remove(boot, seq) => {
                self.window.remove(boot, seq);
                self.seen.remove(&(boot, seq));
                assert!(!self.window.contains(boot, seq));
            }
            Action::Reload => self.reload(),
        }
    }

    fn reload(&mut self) {
        let again = SeenWindow::decode(&self.window.encode()).expect("reads what it wrote");
        assert_eq!(again, self.window);
        self.window = again;
    }
}

proptest! {
    #[test]
    fn nothing_new_is_ever_dropped_and_nothing_remembered_passes_twice(
        actions in prop::collection::vec(action(), 1..400)
    ) {
        let mut model = Model { window: SeenWindow::default(), seen: HashSet::new() };
        actions.into_iter().for_each(|action| model.apply(action));
        model.reload();
        prop_assert!(model.window.boots.len() <= BOOTS_MAX);
    }

    #[test]
    fn within_its_bounds_the_window_is_exactly_the_set(
        actions in prop::collection::vec((3..6_u32, 0..300_u32, any::<bool>()), 1..400)
    ) {
        let (mut window, mut seen) = (SeenWindow::default(), HashSet::new());
        for (boot, seq, insert) in actions {
            if insert {
                prop_assert_eq!(window.insert(boot, seq), seen.insert((boot, seq)));
            } else {
                window.remove(boot, seq);
                seen.remove(&(boot, seq));
            }
        }
        for boot in 3..6 {
            for seq in 0..300 {
                prop_assert_eq!(window.contains(boot, seq), seen.contains(&(boot, seq)));
            }
        }
    }

    #[test]
    fn any_bytes_decode_to_a_value_that_encodes_to_a_window_again(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut versioned = vec![VERSION];
        versioned.extend_from_slice(&bytes);
        if let Ok(window) = SeenWindow::decode(&versioned) {
            prop_assert_eq!(SeenWindow::decode(&window.encode()), Ok(window));
        }
        let _ = SeenWindow::decode(&bytes);
    }
}

#[test]
fn ten_thousand_shuffled_three_times_over_a_wrap_are_ten_thousand() {
    let mut window = SeenWindow::default();
    let mut new = 0;
    for round in 0..3_u32 {
        for i in 0..10_000_u32 {
            // 7919 is coprime to 10,000: every number once, far from its neighbours.
            let seq = (u32::MAX - 5_000).wrapping_add((i.wrapping_mul(7_919) + round) % 10_000);
            new += u32::from(window.insert(7, seq));
        }
    }
    assert!(new >= 10_000, "{} wrongly dropped", 10_000 - new);
}

#[test]
fn a_device_without_gaps_costs_one_interval_and_a_few_bytes() {
    let mut window = SeenWindow::default();
    assert!((0..1_000_000).all(|seq| window.insert(7, seq)));
    assert_eq!(window.boots[0].intervals.len(), 1);
    assert!(window.encode().len() <= 8, "{:?}", window.encode());
}

#[test]
fn only_the_newest_boots_are_remembered_and_an_older_one_still_passes_as_new() {
    let mut window = SeenWindow::default();
    for boot in 0..20 {
        assert!(window.insert(boot, 1));
    }
    assert!(window.contains(12, 1) && !window.contains(11, 1));
    assert!(
        window.insert(3, 9) && window.insert(3, 9),
        "forgotten at once: a duplicate passes, nothing is lost"
    );
    assert!(window.contains(12, 1), "and it displaces no newer boot");
}

#[test]
fn the_lowest_gaps_are_forgotten_first() {
    let mut window = SeenWindow::default();
    for i in 0..INTERVALS_MAX as u32 + 10 {
        assert!(window.insert(7, i * 2));
    }
    assert_eq!(window.boots[0].intervals.len(), INTERVALS_MAX);
    assert!(!window.contains(7, 18) && window.contains(7, 20));
    assert!(window.encode().len() < 3_000);
}

#[test]
fn a_window_of_another_version_is_named_as_such() {
    assert_eq!(SeenWindow::decode(&[9, 0]), Err(SeenDecodeError::Version { version: 9 }));
    assert_eq!(SeenWindow::decode(&[1, 1, 0]), Err(SeenDecodeError::Damaged { offset: 3 }));
}
