//! From chunks to a store: each is one commit, and taken once, whoever brings it how often.
//!
//! - The cursor of `import/{export}` is the last chunk up to which all were taken, written with that chunk's records.
//! - A chunk beyond a gap has a source of its own, `import/{export}/{number}`: what is missing before it may still come, from a
//!   better copy of the file.

use std::sync::Arc;

use super::chunk::Chunk;
use super::format::ExportId;
use super::record::ExportedRecord;
use crate::store::handle::{SettleError, Stopped, Store};
use crate::store::restore::{Restoration, RestoreOutcome, Restored};

/// Where chunks of a file come from and where they go.
#[derive(Debug, Clone)]
pub struct Importer {
    /// The store.
    pub store: Store,
    /// The gateway whose store it is.
    pub own: Arc<str>,
    /// The file.
    pub export: ExportId,
    /// The gateway that made it.
    pub gateway: Arc<str>,
}

impl Importer {
    /// The last chunk up to which all were taken; 0 when none was.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn taken_up_to(&self) -> Result<u32, Stopped> {
        let cursor = self.store.restore_cursor(&self.source()).await?;
        Ok(cursor.and_then(|cursor| u32::try_from(cursor).ok()).unwrap_or(0))
    }

    /// Takes a chunk; returns when its records are committed, or were taken before.
    ///
    /// # Errors
    /// [`SettleError`]: none of them was taken.
    pub async fn take(&self, chunk: Chunk) -> Result<RestoreOutcome, SettleError> {
        let known = RestoreOutcome { known: chunk.records.len() as u64, ..RestoreOutcome::default() };
        let taken_up_to = self.taken_up_to().await?;
        if chunk.number <= taken_up_to {
            return Ok(known);
        }
        let own_source = format!("{}/{}", self.source(), chunk.number);
        if self.store.restore_cursor(&own_source).await?.is_some() {
            return Ok(known);
        }
        let is_next = chunk.number == taken_up_to + 1;
        let restoration = Restoration {
            source: if is_next { self.source() } else { own_source }.into(),
            cursor: i64::from(chunk.number),
            class: chunk.class,
            records: chunk.records.into_iter().map(|exported| self.restored(exported)).collect(),
        };
        self.store.restore(restoration).await
    }

    fn source(&self) -> String {
        format!("import/{}", self.export)
    }

    /// A record keeps the gateway that took it; one of this gateway's own comes home.
    fn restored(&self, ExportedRecord { mut record, anchor }: ExportedRecord) -> Restored {
        let gateway = record.gateway.take().unwrap_or_else(|| self.gateway.clone());
        record.gateway = (gateway != self.own).then_some(gateway);
        Restored::new(record).anchored(anchor)
    }
}
