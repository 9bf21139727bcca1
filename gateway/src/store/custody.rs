//! What others may ask of the store about photos and clips.

use super::evidence::Verdict;
use super::handle::{Request, SettleError, Stopped, Store};
use crate::domain::evidence::{Answer, File};
use crate::domain::report::DeviceId;

/// How a file stands, by what is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// This is what its device is to be told.
    Told(Answer),
    /// All pieces are there; whether its SHA-256 holds was not looked at.
    Whole {
        /// Its row.
        id: i64,
        /// How often its SHA-256 did not hold before.
        mismatches: u32,
    },
}

impl Store {
    /// How the file that a device described stands.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn evidence(&self, device: DeviceId, file: File) -> Result<Standing, Stopped> {
        self.ask(|answer| Request::Evidence { device, file, answer }).await
    }

    /// The bytes of some pieces of a file that stands [`Standing::Whole`], from piece `from` on, in order; none when
    /// that piece is not there.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn evidence_pieces(&self, id: i64, file: &File, from: u32) -> Result<Vec<Vec<u8>>, Stopped> {
        let chunk_bytes = file.chunk_bytes;
        self.ask(|answer| Request::EvidencePieces { id, from, chunk_bytes, answer }).await
    }

    /// Makes durable whether the SHA-256 of a file that stood [`Standing::Whole`] holds. When it does not, its pieces are
    /// dropped in the same transaction. A verdict on what has changed meanwhile is void.
    ///
    /// # Errors
    /// [`SettleError`]: nothing has changed.
    pub async fn settle_evidence(
        &self,
        device: DeviceId,
        file: &File,
        (id, mismatches): (i64, u32),
        holds: bool,
    ) -> Result<(), SettleError> {
        let verdict = Verdict { device, evidence: file.evidence, id, mismatches, holds };
        Ok(self.ask(|answer| Request::SettleEvidence { verdict, answer }).await??)
    }
}
