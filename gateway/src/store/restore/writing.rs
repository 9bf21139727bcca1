//! How what comes back is written.

use super::rest::Rest;
use super::{Kept, Restoration, RestoreOutcome, Restored, cursor, set_cursor};
use crate::domain::report::DeviceId;
use crate::store::database::Database;
use crate::store::inlet::Mint;
use crate::store::losses;
use crate::store::rows::{self, Refused, Suspect};
use crate::store::{evidence, restore};

/// What a row takes beside payload and casework.
const RECORD_ROW_BYTES: usize = 64;

impl Database {
    /// All of a restoration, or, when there is no room for all of it, nothing: `None`. Who has a message waiting now is added to
    /// `ring`.
    pub(in crate::store) fn write_restoration(
        &mut self,
        restoration: &Restoration,
        ring: &mut Vec<DeviceId>,
    ) -> rusqlite::Result<Option<RestoreOutcome>> {
        let Restoration { source, cursor: reached, class, records } = restoration;
        if cursor(&self.connection, source)?.is_some_and(|stored| stored >= *reached) {
            return Ok(Some(RestoreOutcome { known: records.len() as u64, ..RestoreOutcome::default() }));
        }
        let bytes = records.iter().map(Restored::stored_bytes).sum::<usize>();
        // What is only noted has the room that is kept for settlements.
        let needs_room = records.iter().any(|restored| !matches!(restored.0, Kept::Rest(Rest::Lost(_))));
        if needs_room && !self.quota.take(Some(*class), bytes + records.len() * RECORD_ROW_BYTES) {
            return Ok(None);
        }
        let mut outcome = RestoreOutcome::default();
        for of_one in records.chunk_by(|one, other| one.device().is_some() && one.device() == other.device())
        {
            match of_one {
                [Restored(Kept::Rest(rest))] => match self.restore_rest(rest, ring)? {
                    true => outcome.taken += 1,
                    false => outcome.known += 1,
                },
                [Restored(Kept::Record { record, .. }), ..] => {
                    self.inlet(&record.device, true).restore(of_one, &mut outcome)?;
                }
                _ => {}
            }
        }
        set_cursor(&self.connection, source, *reached)?;
        Ok(Some(outcome))
    }

    /// False for what is known, or has no place any more: kept cases and payloads come back only as long as they need not push
    /// newer ones out.
    fn restore_rest(&mut self, rest: &Rest, ring: &mut Vec<DeviceId>) -> rusqlite::Result<bool> {
        let (connection, tallies) = (&self.connection, &mut self.tables.tallies);
        match rest {
            Rest::Anchor { device, boot, anchor } => return Ok(self.anchors.restore(device, *boot, *anchor)),
            Rest::Down { device, topic, created_at_ms, payload } => {
                rows::send_down(connection, tallies, device, topic, *created_at_ms, payload)?;
                ring.push(device.clone());
            }
            Rest::Case { record, uplink, case_number, accepted_at_ms } => {
                let (number, keep) = ((uplink.as_str(), case_number.as_deref()), self.options.keep_accepted);
                if tallies.get("accepted_case").n >= keep {
                    return Ok(false);
                }
                rows::accept(connection, tallies, record, number, *accepted_at_ms, keep)?;
            }
            Rest::DeadLetter { record, uplink, reason, refused_at_ms } => {
                let refused = Refused { uplink, reason, at_ms: *refused_at_ms };
                rows::bury(connection, tallies, record, &refused)?;
            }
            Rest::Loss(row) if row.reported_at_ms.is_none() && losses::is_crowded(tallies) => {
                self.losses.note(row.loss.clone().without_names());
            }
            Rest::Loss(row) => losses::restore(connection, tallies, row)?,
            Rest::Quarantined { device, topic, reason, detail, received_at_ms, payload } => {
                let keep = self.options.keep_quarantined;
                if tallies.get("quarantine").n >= keep {
                    return Ok(false);
                }
                let received_at_ms = *received_at_ms;
                let suspect = Suspect { device, topic, reason, detail, received_at_ms, payload };
                rows::quarantine(connection, tallies, &suspect, keep)?;
            }
            Rest::File(file) => return evidence::restore(connection, tallies, file),
            Rest::FileWhole(file) => return evidence::complete_restored(connection, tallies, file),
            Rest::FileBroken(file) => {
                let noted_at_ms = self.clock.now_ms();
                if let Some(loss) = evidence::bound_broken(connection, tallies, file, noted_at_ms)? {
                    self.losses.note(loss);
                }
            }
            Rest::Window { device, window } => self.windows.merge(device, window),
            Rest::Run(run) => return Mint::remember(connection, *run),
            Rest::Progress { source, cursor: reached } => {
                if restore::cursor(connection, source)?.is_some_and(|stored| stored >= *reached) {
                    return Ok(false);
                }
                set_cursor(connection, source, *reached)?;
            }
            Rest::Lost(loss) => self.losses.note(loss.clone()),
        }
        Ok(true)
    }
}
