//! The platforms' words on records, made durable: the one place where records are deleted.

use super::database::Database;
use super::group::Outcome;
use super::rows::{self, Refused};
use super::settlement::{Decision, RecordKey, Settled, Settlement};
use crate::domain::report::Class;
use crate::domain::uplinks::UplinkNo;

impl Database {
    /// Notes what an uplink's platform said; a record that all have that must is deleted with it.
    pub(super) fn write_settlement(
        &mut self,
        settlement: &Settlement,
        outcome: &mut Outcome,
    ) -> rusqlite::Result<()> {
        let Settlement { uplink, class, settled_at_ms, records } = settlement;
        for settled in records {
            if self.release(*uplink, *class, settled.key)? {
                self.keep_word(*uplink, settled, *settled_at_ms, outcome)?;
            }
        }
        Ok(())
    }

    /// False when the record is not there any more, or the uplink had it before.
    fn release(&mut self, uplink: UplinkNo, class: Class, key: RecordKey) -> rusqlite::Result<bool> {
        let connection = &self.connection;
        match key {
            RecordKey::Row(id) => {
                let Some(bytes) = rows::payload_bytes(connection, class, id)? else {
                    rows::check_absent(connection, class, id)?;
                    return Ok(false);
                };
                let Some((progress, tallies)) = self.tables.row_progress_mut(class) else { return Ok(false) };
                if progress.is_done(uplink, id) {
                    return Ok(false);
                }
                if progress.note(uplink, id, 0, (1, bytes)) {
                    rows::delete(connection, tallies, class, id)?;
                    progress.forget(id, 1);
                }
                Ok(true)
            }
            RecordKey::Slot { segment, index } => match self.tables.segment(class) {
                Some((table, tallies)) => table.release(connection, tallies, uplink, (segment, index)),
                None => Ok(false),
            },
        }
    }

    /// Keeps the case or the refusal, and the receipt for the device.
    fn keep_word(
        &mut self,
        uplink: UplinkNo,
        settled: &Settled,
        settled_at_ms: i64,
        outcome: &mut Outcome,
    ) -> rusqlite::Result<()> {
        let Settled { record, decision, receipt, .. } = settled;
        let (connection, tallies) = (&self.connection, &mut self.tables.tallies);
        let uplink = self.options.uplink_name(uplink);
        match decision {
            Decision::Accepted { case_number } if record.class == Class::Incident => {
                let (number, keep) = (case_number.as_deref(), self.options.keep_accepted);
                rows::accept(connection, tallies, record, (uplink, number), settled_at_ms, keep)?;
            }
            Decision::Accepted { .. } => {}
            Decision::Rejected { reason } => {
                rows::bury(connection, tallies, record, &Refused { uplink, reason, at_ms: settled_at_ms })?;
            }
        }
        if let Some(receipt) = receipt {
            let dropped =
                rows::send_down(connection, tallies, &record.device, "receipt", settled_at_ms, receipt)?;
            outcome.tallied.down_dropped += dropped;
            outcome.ring.push(record.device.clone());
        }
        Ok(())
    }
}
