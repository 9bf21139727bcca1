//! The store against a plain model: put, settle any subset, restart, lose the power, fill up, thin and evict, in any order.
//!
//! It lives on a disk in memory, so that a case is milliseconds and a cut of the power leaves what a real one may leave. The
//! store is small: some cases fill it many times. What a store holds is read from what a cut would leave at that moment, so
//! the looking itself changes nothing.

mod model;
mod world;

use std::cell::RefCell;
use std::io::Write;

use patrol_gateway::domain::report::Class;
use patrol_power_cut::fate::Fate;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use model::{Model, Reached};
use world::World;

/// Repeats a run.
const SEED_VARIABLE: &str = "PATROL_TEST_SEED";
const CASES: u32 = 2_000;

/// One that never gives way, one whose oldest are dropped, one that is thinned first.
const CLASSES: [Class; 3] = [Class::Incident, Class::Reading, Class::Telemetry];

#[derive(Debug, Clone)]
enum Step {
    /// (class, number, payload length), in one batch.
    Put(Vec<(usize, u32, u16)>),
    /// So many positions, one after the other, as a vehicle sends them.
    Drive(u8),
    Settle {
        class: usize,
        picks: Vec<Index>,
    },
    Restart,
    /// The power goes; what was not synced meets this fate.
    Cut(usize),
    /// What is there is compared with the model.
    Look(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let put = prop::collection::vec((0..CLASSES.len(), 0u32..200, 0u16..6000), 1..16).prop_map(Step::Put);
    let picks = prop::collection::vec(any::<Index>(), 1..40);
    let settle = (0..CLASSES.len(), picks).prop_map(|(class, picks)| Step::Settle { class, picks });
    let step = prop_oneof![
        5 => put,
        4 => (1u8..60).prop_map(Step::Drive),
        4 => settle,
        1 => Just(Step::Restart),
        2 => (0..Fate::ALL.len()).prop_map(Step::Cut),
        2 => (0..Fate::ALL.len()).prop_map(Step::Look),
    ];
    prop::collection::vec(step, 1..40)
}

#[test]
fn the_store_holds_exactly_what_a_plain_model_holds_or_tells_what_it_lost() {
    let seed = match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a number, not {text:?}")),
        Err(_) => fastrand::u64(..),
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let reached = RefCell::new(Reached::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let outcome = runner.run(&steps(), |steps| {
        let case = runtime.block_on(play(&steps));
        reached.borrow_mut().add(&case);
        Ok(())
    });
    let reached = reached.into_inner();
    let _ =
        writeln!(std::io::stderr(), "    store_model: {CASES} cases, {reached:?}, {SEED_VARIABLE}={seed}");
    outcome.unwrap_or_else(|failure| panic!("{SEED_VARIABLE}={seed}: {failure}"));
    reached.assert_everything_was_met();
}

/// Plays the steps and compares; a difference is a panic.
async fn play(steps: &[Step]) -> Reached {
    let mut world = World::new();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Put(items) => model.put(&world, items).await,
            Step::Drive(count) => model.drive(&world, u32::from(*count)).await,
            Step::Settle { class, picks } => model.settle(&world, CLASSES[*class], picks).await,
            Step::Restart => {
                world.restart().await;
                model.forget_releases();
            }
            Step::Cut(fate) => {
                world.cut(Fate::ALL[*fate]).await;
                model.forget_releases();
            }
            Step::Look(fate) => model.compare(&world.look(Fate::ALL[*fate]).await),
        }
    }
    model.compare(&world.look(Fate::Dropped).await);
    world.close().await;
    model.reached
}
