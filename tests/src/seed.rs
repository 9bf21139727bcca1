//! Chance that can be repeated, and words that are seen.

use std::io::Write;

/// Name of the environment variable that repeats a run.
const VARIABLE: &str = "PATROL_TEST_SEED";

/// A source of chance for the test `name`. Its seed is new each time, said on stderr, and given back by
/// `PATROL_TEST_SEED` in the environment.
///
/// # Panics
/// When the variable is no number.
pub fn seeded(name: &str) -> fastrand::Rng {
    let seed = match std::env::var(VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} must be a number, not {text:?}")),
        Err(_) => fastrand::u64(..),
    };
    note(&format!("{name}: {VARIABLE}={seed}"));
    fastrand::Rng::with_seed(seed)
}

/// Says something on stderr that is seen even when the test passes: figures of this run, the seed.
pub fn note(words: &str) {
    // A closed stderr has nobody to tell. Written past the macros, whose output a passing test does not show.
    let _ = writeln!(std::io::stderr(), "    {words}");
}
