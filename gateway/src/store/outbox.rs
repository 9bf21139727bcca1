//! Records on their way out: the writer reads them, the asker's thread decodes them, and what is damaged is set aside on the way.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::handle::{Request, Stopped, Store};
use super::record::StoredRecord;
use super::segment;
use super::settlement::{Limit, Pending, RecordKey, Stretch};
use crate::domain::anchor;
use crate::domain::report::{Class, DeviceId, Identity};
use crate::domain::uplinks::UplinkNo;

/// A piece of the head of a class as the writer reads it; the asker's thread decodes it.
#[derive(Debug)]
pub(super) enum RawHead {
    Record(Box<Pending>),
    /// A row whose checksum does not hold.
    DamagedRow(i64),
    Segment {
        id: i64,
        /// Records that it has, by its row.
        n: u64,
        blob: Bytes,
        released: Vec<u64>,
    },
}

impl RawHead {
    /// The number of the segment, if it is one.
    pub(super) fn segment(&self) -> Option<i64> {
        match self {
            RawHead::Segment { id, .. } => Some(*id),
            RawHead::Record(_) | RawHead::DamagedRow(_) => None,
        }
    }
}

/// What is set aside because its checksum does not hold: nothing in it may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DamagedKey {
    Row(i64),
    Segment(i64),
}

impl Store {
    /// The oldest records of a class that the first uplink does not have, oldest first, without those in `skip`.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn head(
        &self,
        class: Class,
        limit: Limit,
        skip: &Arc<HashSet<RecordKey>>,
    ) -> Result<Vec<Pending>, Stopped> {
        self.outbox(class, (UplinkNo::FIRST, Stretch::ALL), limit, skip).await
    }

    /// Records of a stretch of a class that an uplink does not have, without those in `skip`.
    ///
    /// What is damaged at rest is set aside in the quarantine on the way: nothing of it is handed out.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn outbox(
        &self,
        class: Class,
        from: (UplinkNo, Stretch),
        limit: Limit,
        skip: &Arc<HashSet<RecordKey>>,
    ) -> Result<Vec<Pending>, Stopped> {
        let raw = self.ask(|answer| Request::Head { class, from, limit, skip: skip.clone(), answer }).await?;
        let mut pending = Vec::new();
        for piece in raw {
            match piece {
                RawHead::Record(record) => pending.push(*record),
                RawHead::DamagedRow(id) => self.set_aside(class, DamagedKey::Row(id)).await?,
                RawHead::Segment { id, n, blob, released } => match segment::decode(class, &blob) {
                    Ok(records) if records.len() as u64 == n => {
                        let before = pending.len();
                        pending.extend(still_open(id, records, &released, skip));
                        if from.1.newest_first {
                            pending[before..].reverse();
                        }
                    }
                    _ => self.set_aside(class, DamagedKey::Segment(id)).await?,
                },
            }
        }
        self.anchor(&mut pending).await?;
        Ok(pending)
    }

    /// Gives the records whose device did not know the time the anchors of their boots.
    pub(super) async fn anchor(&self, pending: &mut [Pending]) -> Result<(), Stopped> {
        let boots: HashSet<_> = pending.iter().filter_map(clockless_boot).collect();
        if boots.is_empty() {
            return Ok(());
        }
        let anchors = self.ask(|answer| Request::Anchors { boots, answer }).await?;
        for pending in pending {
            pending.anchor = clockless_boot(pending).and_then(|boot| anchors.get(&boot).copied());
        }
        Ok(())
    }

    async fn set_aside(&self, class: Class, key: DamagedKey) -> Result<(), Stopped> {
        tracing::error!(%class, ?key, "damaged at rest, set aside in the quarantine");
        // Without room for the quarantine it stays where it is, and is skipped again the next time.
        self.ask(|answer| Request::SetAside { class, key, answer }).await.map(|_| ())
    }
}

/// The device and boot of a frame that does not say the time.
fn clockless_boot(pending: &Pending) -> Option<(DeviceId, u32)> {
    match pending.record.identity {
        Identity::Device { boot, .. } if anchor::is_clockless(&pending.record.payload) => {
            Some((pending.record.device.clone(), boot))
        }
        _ => None,
    }
}

/// The records of a segment that are neither released nor to be skipped.
fn still_open(
    segment: i64,
    records: Vec<StoredRecord>,
    released: &[u64],
    skip: &HashSet<RecordKey>,
) -> impl Iterator<Item = Pending> {
    let is_released =
        |index: usize| released.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1);
    let keyed = records.into_iter().enumerate().map(move |(index, record)| {
        (index, Pending { key: RecordKey::Slot { segment, index: index as u32 }, record, anchor: None })
    });
    keyed
        .filter(move |(index, pending)| !is_released(*index) && !skip.contains(&pending.key))
        .map(|(_, pending)| pending)
}
