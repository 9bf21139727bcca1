//! The way of a record that comes back: it keeps its name and its gateway, and what is known already is passed over.

use super::{Inlet, Mint};
use crate::domain::anchor::Anchor;
use crate::domain::casework::Casework;
use crate::domain::report::{Class, Identity, RecordRef};
use crate::store::evidence::{self, Described, Placing};
use crate::store::record::StoredRecord;
use crate::store::restore::{Kept, RestoreOutcome, Restored};
use crate::store::submission::Part;

/// What becomes of a record that comes back.
enum Fate {
    Taken,
    /// It is here already.
    Known,
    /// A piece whose file does not take it, or a description that contradicts what is known.
    Unwanted,
}

impl Inlet<'_> {
    /// Takes records of this device. That there is room for them was seen to.
    pub(in crate::store) fn restore(
        mut self,
        records: &[Restored],
        outcome: &mut RestoreOutcome,
    ) -> rusqlite::Result<()> {
        for restored in records {
            let Kept::Record { record, part, anchor } = &restored.0 else { continue };
            match self.restore_one(record, part.as_ref())? {
                Fate::Known => outcome.known += 1,
                Fate::Unwanted => outcome.unwanted += 1,
                Fate::Taken => {
                    outcome.taken += 1;
                    self.note_restored(record.identity, *anchor);
                }
            }
        }
        Ok(())
    }

    fn note_restored(&mut self, identity: Identity, anchor: Option<Anchor>) {
        if let Identity::Device { boot, seq } = identity {
            self.window.insert(RecordRef { boot, seq });
            if let Some(anchor) = anchor {
                self.note_anchor(boot, anchor);
            }
        }
    }

    /// Whether it was taken before: by its device's window, or because its name was given out here.
    fn is_known(&self, record: &StoredRecord) -> rusqlite::Result<bool> {
        match record.identity {
            Identity::Device { boot, seq } => Ok(self.window.knows(RecordRef { boot, seq })),
            Identity::Minted { run, .. } => {
                Ok(record.gateway.is_none() && Mint::has_begun(self.connection, run)?)
            }
        }
    }

    /// An incident that comes back is as urgent as it was.
    fn restore_incident(&mut self, record: &StoredRecord) -> rusqlite::Result<()> {
        let id = self.tables.insert_row(self.connection, record)?;
        let casework = record.casework.as_deref().and_then(Casework::from_json);
        let is_urgent =
            casework.and_then(|casework| casework.handling).is_some_and(|handling| handling.urgent);
        if is_urgent { self.tables.put_first(self.connection, id) } else { Ok(()) }
    }

    fn restore_one(&mut self, record: &StoredRecord, part: Option<&Part>) -> rusqlite::Result<Fate> {
        if self.is_known(record)? {
            return Ok(Fate::Known);
        }
        match part {
            None if record.class == Class::Incident => self.restore_incident(record)?,
            None => self.write(record)?,
            Some(Part::Meta(file)) => {
                let (tallies, bound) = (&mut self.tables.tallies, self.evidence_bound);
                match evidence::describe(self.connection, tallies, bound, self.device, file)? {
                    Described::Fits => self.write(record)?,
                    Described::Contradicts => return Ok(Fate::Unwanted),
                }
            }
            Some(Part::Chunk(chunk)) => match evidence::place(self.connection, self.device, chunk)? {
                Placing::Known => return Ok(Fate::Known),
                Placing::Unwanted(_) => return Ok(Fate::Unwanted),
                Placing::Wanted(wanted_by) => {
                    let id = self.tables.insert_row(self.connection, record)?;
                    evidence::put(self.connection, self.device, wanted_by, chunk, id)?;
                }
            },
        }
        Ok(Fate::Taken)
    }
}
