//! Whether a database holds together, as far as that can be told in a few seconds.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::store::damage;

/// How long the look may take: devices wait.
const LOOK_MAX: Duration = Duration::from_secs(4);

/// Looks at the trees, not at what is in them. A database that is too large for the time passes.
///
/// # Errors
/// Damage, when something does not fit together.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<()> {
    let (interrupt, (done, waiting)) = (connection.get_interrupt_handle(), mpsc::channel::<()>());
    let watch = thread::spawn(move || {
        if waiting.recv_timeout(LOOK_MAX) == Err(mpsc::RecvTimeoutError::Timeout) {
            interrupt.interrupt();
        }
    });
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    drop(done);
    // It has nothing to say; it must only not interrupt what comes after.
    let _ = watch.join();
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damage::found(&found)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(error) => Err(error),
    }
}
