//! What the writer tells: the sessions how far they are durable, askers what became of their changes, everybody the figures.

use std::sync::Weak;

use super::Writer;
use crate::domain::admission::Reason;
use crate::store::group::{Counted, Group, Outcome, Progress};
use crate::store::settlement::Unsettled;
use crate::store::snapshot::{DamageFigures, Flow};

impl Writer {
    /// Withholds the acknowledgements of a group that found no room.
    pub(super) fn refuse(&mut self, group: &mut Group) {
        for (_, answer) in group.restorations.drain(..) {
            let _ = answer.send(Err(Unsettled));
        }
        for batch in group.batches.drain(..) {
            batch.line.withhold();
            for item in &batch.items {
                self.database.losses.carry(item.refusal(&batch.device));
                if let Some(class) = item.content.class() {
                    self.metrics.withheld[class].inc();
                }
            }
        }
        self.full = true;
    }

    pub(super) fn refuse_settlements(&mut self, mut group: Group) -> rusqlite::Result<()> {
        for (_, answer) in group.restorations.drain(..) {
            let _ = answer.send(Err(Unsettled));
        }
        for answer in group.session_answers.drain(..) {
            answer.refuse();
        }
        for answer in group.into_answers() {
            // Whoever asked and is gone needs no answer.
            let _ = answer.send(Err(Unsettled));
        }
        self.publish()
    }

    /// Tells everybody what is now durable. This is the only place that advances a session's line, and with it the
    /// only cause of a PUBACK.
    pub(super) fn answer(&mut self, mut group: Group, outcome: Outcome) -> rusqlite::Result<()> {
        self.count(outcome.tallied);
        for Progress { line, durable } in outcome.progress {
            if let Some(durable) = durable {
                line.advance(durable, self.opened_at.elapsed());
            }
            if line.is_refusing() {
                line.withhold();
            }
        }
        for ((_, answer), restored) in group.restorations.drain(..).zip(outcome.restored) {
            let _ = answer.send(restored.ok_or(Unsettled));
        }
        for answer in group.session_answers.drain(..) {
            answer.tell();
        }
        for answer in group.into_answers() {
            let _ = answer.send(Ok(()));
        }
        let dropped = self.database.sessions.committed(outcome.deliveries);
        self.metrics.session_messages_dropped.inc_by(dropped);
        for device in outcome.ring {
            if let Some(line) = self.lines.get(&device).and_then(Weak::upgrade) {
                line.ring();
            }
        }
        Ok(())
    }

    pub(super) fn count(&self, tallied: Counted) {
        let Counted {
            duplicates,
            quarantine_dropped,
            down_dropped,
            withheld,
            chunks_dropped,
            contradictions,
        } = tallied;
        self.metrics.duplicates.inc_by(duplicates);
        for class in withheld {
            self.metrics.withheld[class].inc();
        }
        for reason in chunks_dropped {
            self.metrics.evidence_chunks_dropped.add(reason, 1);
        }
        if contradictions > 0 {
            self.metrics.quarantined.add(Reason::EvidenceContradicts.as_str(), contradictions);
        }
        if quarantine_dropped > 0 {
            tracing::warn!(dropped = quarantine_dropped, "quarantine is full, oldest payloads dropped");
        }
        if down_dropped > 0 {
            tracing::warn!(dropped = down_dropped, "too many messages wait for one device, oldest dropped");
        }
    }

    pub(super) fn publish(&mut self) -> rusqlite::Result<()> {
        self.mend(Writer::tell)
    }

    pub(super) fn tell(&mut self) -> rusqlite::Result<()> {
        let flash_bytes = self.database.wal.written_bytes();
        let new_flash_bytes = flash_bytes - self.counted_flash_bytes;
        self.counted_flash_bytes = flash_bytes;
        let taken_bytes = std::mem::take(&mut self.taken_bytes);
        self.rates.note(self.opened_at.elapsed().as_secs(), taken_bytes, new_flash_bytes);
        let mut snapshot = self.database.snapshot(self.full)?;
        snapshot.flow = Flow {
            ingest_bytes_per_hour: self.rates.ingest_bytes_per_hour(),
            flash_bytes_per_day: self.rates.flash_bytes_per_day(),
            flash_bytes,
            flash_budget_bytes_per_day: self.flash_budget_bytes_per_day,
        };
        snapshot.unsynced = self.unsynced_since.is_some();
        let log_commits_missing = self.database.log_commits_missing;
        snapshot.damage = DamageFigures { log_commits_missing, ..self.salvager.figures() };
        self.published.send_replace(snapshot);
        Ok(())
    }
}
