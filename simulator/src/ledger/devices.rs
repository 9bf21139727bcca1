//! The devices' ledger: what was acknowledged to them and which receipts came back.
//!
//! One ledger serves a whole fleet; the devices' tasks hold clones of the handle. It remembers every id of the run
//! (about 60 bytes each), because the verdict must be able to name each one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::{Entry, LedgerError, LedgerFile, read};
use crate::device::Class;

/// A receipt as a device got it: the case number, if it is about an incident that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `accepted` or `rejected`.
    pub result: String,
    /// The case number.
    pub case: Option<String>,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DeviceCounts {
    /// Records made by the devices.
    pub produced: u64,
    /// Records with a PUBACK below 0x80.
    pub acknowledged: u64,
    /// Records with a PUBACK of 0x80 or more.
    pub refused: u64,
    /// Publishes of a record after its first one.
    pub resent: u64,
    /// Records dropped by a device whose outbox was full, never sent.
    pub dropped: u64,
    /// Receipts that came back, the first for each record.
    pub receipts: u64,
    /// Connections made.
    pub connects: u64,
    /// Photos whose description has a PUBACK.
    pub described: u64,
    /// Photos that the gateway said are complete.
    pub photos_complete: u64,
    /// Photos that the gateway will never take.
    pub photos_refused: u64,
    /// Answers about the time that set a device's clock.
    pub time_set: u64,
}

/// How far a photo is, as its device knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PhotoState {
    /// Its description was acknowledged.
    Described,
    /// The gateway has it whole; the device has deleted it.
    Complete,
    /// The gateway will never take it.
    Refused,
}

/// Handle to the devices' ledger; clones share it.
#[derive(Debug, Clone, Default)]
pub struct DeviceLedger(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    acknowledged: HashMap<Arc<str>, Class>,
    refused: HashMap<Arc<str>, String>,
    receipts: HashMap<Arc<str>, Receipt>,
    photos: HashMap<Arc<str>, PhotoState>,
    counts: DeviceCounts,
    file: Option<LedgerFile>,
    failure: Option<LedgerError>,
}

impl DeviceLedger {
    /// A ledger in memory.
    pub fn new() -> DeviceLedger {
        DeviceLedger::default()
    }

    /// A ledger that also appends to a file.
    pub fn with_file(path: &Path) -> Result<DeviceLedger, LedgerError> {
        let ledger = DeviceLedger::new();
        ledger.books().file = Some(LedgerFile::append(path)?);
        Ok(ledger)
    }

    /// Reads a ledger file of another process; entries of a platform in it are left out.
    pub fn from_file(path: &Path) -> Result<DeviceLedger, LedgerError> {
        let ledger = DeviceLedger::new();
        for entry in read(path)? {
            match entry? {
                Entry::Acknowledged { id, class } => ledger.acknowledged(&id, class),
                Entry::Refused { id, reason } => ledger.refused(&id, &reason),
                Entry::Described { id } => ledger.described(&id),
                Entry::PhotoComplete { id } => ledger.photo_complete(&id),
                Entry::PhotoRefused { id } => ledger.photo_refused(&id),
                Entry::Receipt { id, result, case } => ledger.receipt(&id, Receipt { result, case }),
                _ => {}
            }
        }
        Ok(ledger)
    }

    /// A device made a record.
    pub fn produced(&self) {
        self.books().counts.produced += 1;
    }

    /// A device sent a record again.
    pub fn resent(&self) {
        self.books().counts.resent += 1;
    }

    /// A device's outbox was full and the record was never sent.
    pub fn dropped(&self) {
        self.books().counts.dropped += 1;
    }

    /// A device connected.
    pub fn connected(&self) {
        self.books().counts.connects += 1;
    }

    /// A device got a PUBACK that acknowledges a record of this class.
    pub fn acknowledged(&self, id: &str, class: Class) {
        let mut books = self.books();
        if books.acknowledged.insert(id.into(), class).is_none() {
            books.counts.acknowledged += 1;
            books.write(&Entry::Acknowledged { id: id.to_owned(), class });
        }
    }

    /// A device got a PUBACK for the description of a photo.
    pub fn described(&self, id: &str) {
        let mut books = self.books();
        if !books.photos.contains_key(id) {
            books.photos.insert(id.into(), PhotoState::Described);
            books.counts.described += 1;
            books.write(&Entry::Described { id: id.to_owned() });
        }
    }

    /// A device was told that the gateway has the whole photo.
    pub fn photo_complete(&self, id: &str) {
        let mut books = self.books();
        if books.photos.insert(id.into(), PhotoState::Complete) != Some(PhotoState::Complete) {
            books.counts.photos_complete += 1;
            books.write(&Entry::PhotoComplete { id: id.to_owned() });
        }
    }

    /// A device was told that the gateway will never take the photo.
    pub fn photo_refused(&self, id: &str) {
        let mut books = self.books();
        if books.photos.insert(id.into(), PhotoState::Refused) != Some(PhotoState::Refused) {
            books.counts.photos_refused += 1;
            books.write(&Entry::PhotoRefused { id: id.to_owned() });
        }
    }

    /// A device's clock was set by an answer of the gateway.
    pub fn time_set(&self) {
        self.books().counts.time_set += 1;
    }

    /// A device got a PUBACK that refuses.
    pub fn refused(&self, id: &str, reason: &str) {
        let mut books = self.books();
        if books.refused.insert(id.into(), reason.to_owned()).is_none() {
            books.counts.refused += 1;
            books.write(&Entry::Refused { id: id.to_owned(), reason: reason.to_owned() });
        }
    }

    /// A device got a receipt; the latest one for a record stands.
    pub fn receipt(&self, id: &str, receipt: Receipt) {
        let mut books = self.books();
        let entry =
            Entry::Receipt { id: id.to_owned(), result: receipt.result.clone(), case: receipt.case.clone() };
        if books.receipts.insert(id.into(), receipt).is_none() {
            books.counts.receipts += 1;
        }
        books.write(&entry);
    }

    /// The counters.
    pub fn counts(&self) -> DeviceCounts {
        self.books().counts
    }

    /// Whether this record was acknowledged.
    pub fn is_acknowledged(&self, id: &str) -> bool {
        self.books().acknowledged.contains_key(id)
    }

    /// The acknowledged ids, sorted.
    pub fn acknowledged_ids(&self) -> Vec<Arc<str>> {
        self.acknowledged_records().into_iter().map(|(id, _)| id).collect()
    }

    /// The acknowledged records with their classes, sorted by id.
    pub fn acknowledged_records(&self) -> Vec<(Arc<str>, Class)> {
        let books = self.books();
        let mut records: Vec<_> = books.acknowledged.iter().map(|(id, class)| (id.clone(), *class)).collect();
        drop(books);
        records.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        records
    }

    /// The photos, by the record that describes them.
    pub fn photos(&self) -> HashMap<Arc<str>, PhotoState> {
        self.books().photos.clone()
    }

    /// The receipts, by record id.
    pub fn receipts(&self) -> HashMap<Arc<str>, Receipt> {
        self.books().receipts.clone()
    }

    /// The receipt of one record.
    pub fn receipt_of(&self, id: &str) -> Option<Receipt> {
        self.books().receipts.get(id).cloned()
    }

    /// The first failure of the ledger file since the last call; the ledger in memory is complete all the same.
    pub fn take_failure(&self) -> Option<LedgerError> {
        self.books().failure.take()
    }

    /// A task that panicked while it held the books leaves them whole: every change is one insert.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn write(&mut self, entry: &Entry) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write(entry).and_then(|()| file.flush()) {
            self.failure.get_or_insert(error);
            self.file = None;
        }
    }
}
