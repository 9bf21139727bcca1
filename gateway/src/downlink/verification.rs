//! Whether a file that is there as a whole is the one that was described.
//!
//! Read back from the store piece by piece, beside the writer's own work, and hashed on the asker's thread: what is checked
//! is what is on disk.

use sha2::{Digest, Sha256};

use crate::domain::evidence::{Answer, File};
use crate::domain::report::DeviceId;
use crate::store::custody::Standing;
use crate::store::handle::{SettleError, Stopped, Store};

/// Checks a file whose pieces are all there, makes the result durable, and says what its device is to be told.
pub(super) async fn verify(
    store: &Store,
    device: &DeviceId,
    file: &File,
    (id, mismatches): (i64, u32),
) -> Result<Answer, Stopped> {
    let holds = holds(store, file, id).await?;
    match store.settle_evidence(device.clone(), file, (id, mismatches), holds).await {
        Ok(()) => {}
        Err(SettleError::Unsettled(_)) => return Ok(Answer::Wait),
        Err(SettleError::Stopped(stopped)) => return Err(stopped),
    }
    // What is committed counts, also when somebody else was faster.
    Ok(match store.evidence(device.clone(), *file).await? {
        Standing::Told(Answer::Wanted { .. }) if !holds => Answer::Mismatch,
        Standing::Told(answer) => answer,
        Standing::Whole { .. } => Answer::Wait,
    })
}

/// Whether the SHA-256 over the pieces is the one that was described.
async fn holds(store: &Store, file: &File, id: i64) -> Result<bool, Stopped> {
    let (mut hash, mut next) = (Sha256::new(), 0);
    while next < file.chunks() {
        let pieces = store.evidence_pieces(id, file, next).await?;
        if pieces.is_empty() {
            return Ok(false);
        }
        for piece in pieces {
            hash.update(&piece);
            next += 1;
        }
    }
    Ok(hash.finalize()[..] == file.sha256.0)
}
