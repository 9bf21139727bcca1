//! Waiting for what must come.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits until the condition holds and gives the time that took.
///
/// # Panics
/// When it does not hold within `within`; the message names `what`.
pub async fn wait_until(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        sleep(GLANCE).await;
    }
    start.elapsed()
}
