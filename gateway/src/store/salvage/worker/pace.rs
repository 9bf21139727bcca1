//! How fast what is salvaged comes back: devices that send now come first.

use std::thread;
use std::time::{Duration, Instant};

use super::SalvageError;
use crate::store::handle::{SettleError, Store};
use crate::store::restore::{Restoration, RestoreOutcome};

/// After each step it rests as long as the step took, and this long at most.
const REST_MAX: Duration = Duration::from_millis(200);
/// How long it waits before it asks for room again.
const ROOM_WAIT: Duration = Duration::from_secs(1);

/// Hands over one step, again and again until there is room for it. `waiting` is called each time that there was none.
pub(super) fn hand_over(
    store: &Store,
    restoration: Restoration,
    mut waiting: impl FnMut() -> Result<(), SalvageError>,
) -> Result<RestoreOutcome, SalvageError> {
    let mut wait = Duration::from_millis(10);
    loop {
        let began = Instant::now();
        match store.restore_blocking(restoration.clone()) {
            Ok(outcome) => {
                thread::sleep(began.elapsed().min(REST_MAX));
                return Ok(outcome);
            }
            Err(SettleError::Unsettled(_)) => {
                waiting()?;
                thread::sleep(wait);
                wait = (wait * 2).min(ROOM_WAIT);
            }
            Err(SettleError::Stopped(stopped)) => return Err(stopped.into()),
        }
    }
}
