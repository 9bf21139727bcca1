//! The platform's ledger: what it took in, refused and was told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Entry, LedgerError, Loss, read};

/// What the platform says, however it is known: from a running platform or from its ledger file.
#[derive(Debug, Clone, Default)]
pub struct PlatformView {
    /// Every id taken in, with its case number.
    pub delivered: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// Every id refused for good and not taken in at another time.
    pub rejected: BTreeSet<Arc<str>>,
    /// Copies of events that were already there.
    pub duplicates: u64,
    /// Ids that came again with other content.
    pub conflicts: BTreeSet<Arc<str>>,
    /// The loss records that gateways have told.
    pub losses: Vec<Loss>,
}

impl PlatformView {
    /// Reads a platform's ledger file; entries of devices in it are left out.
    pub fn from_file(path: &Path) -> Result<PlatformView, LedgerError> {
        let mut view = PlatformView::default();
        for entry in read(path)? {
            match entry? {
                Entry::Delivered { id, case, .. } => {
                    view.delivered.insert(id.into(), case.map(Into::into));
                }
                Entry::Duplicate { .. } => view.duplicates += 1,
                Entry::Conflict { id } => {
                    view.duplicates += 1;
                    view.conflicts.insert(id.into());
                }
                Entry::Rejected { id } => drop(view.rejected.insert(id.into())),
                Entry::Loss { loss, .. } => view.losses.push(loss),
                Entry::LossConflict { gateway, id } => {
                    view.conflicts.insert(format!("loss {gateway}/{id}").into());
                }
                _ => {}
            }
        }
        view.rejected.retain(|id| !view.delivered.contains_key(id));
        Ok(view)
    }
}
