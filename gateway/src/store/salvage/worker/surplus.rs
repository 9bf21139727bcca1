//! Damaged databases that are too many leave.

use super::{SOURCE, SalvageError, pace};
use crate::domain::loss::{Loss, LossReason};
use crate::domain::report::Class;
use crate::store::clock::Clock;
use crate::store::damage::folders::{Folder, Folders};
use crate::store::handle::{Stopped, Store};
use crate::store::restore::rest::Rest;
use crate::store::restore::{Kept, Restoration, Restored};
use crate::store::salvage::account::Account;
use crate::store::salvage::raw::RawDatabase;
use crate::store::salvage::tables::Table;

/// Removes what is beyond the bounds. One that was not salvaged is lost: that is a loss record.
pub(super) fn remove(
    store: &Store,
    folders: &Folders,
    in_use: Option<u32>,
    clock: Clock,
) -> Result<(), SalvageError> {
    while let Some(folder) = folders.surplus(in_use)? {
        if !folder.is_salvaged {
            let records = left(store, &folder)?;
            tracing::error!(
                folder = folder.number,
                records,
                "too many damaged databases: one leaves unsalvaged"
            );
            let loss = Loss::unknown(None, LossReason::Damaged, records, clock.now_ms());
            let restoration = Restoration {
                source: format!("{SOURCE}{}/dropped", folder.number).into(),
                cursor: 1,
                class: Class::Incident,
                records: vec![Restored(Kept::Rest(Rest::Lost(loss)))],
            };
            pace::hand_over(store, restoration, || Ok(()))?;
        }
        folders.remove(&folder)?;
    }
    Ok(())
}

/// Records of a damaged database that have not come back; at least one, for it was not looked at for nothing.
fn left(store: &Store, folder: &Folder) -> Result<u64, Stopped> {
    let raw = match RawDatabase::open(&folder.path) {
        Ok(raw) => raw,
        Err(error) => {
            tracing::error!(folder = folder.number, %error, "what is lost with it can't be counted");
            return Ok(1);
        }
    };
    let mut records = 0;
    for table in Table::ALL.into_iter().filter(|table| table.class().is_some()) {
        let source = format!("{SOURCE}{}/{}", folder.number, table.name());
        let reached = store.restore_cursor_blocking(&source)?.unwrap_or(0);
        let mut account = Account::default();
        raw.rows(table)
            .filter(|(place, _)| *place > reached)
            .for_each(|(_, row)| account.enter(row.as_ref()));
        if reached < i64::MAX {
            records += account.good + account.lost(&raw, table);
        }
    }
    Ok(records.max(1))
}
