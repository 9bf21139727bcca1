//! Who says what about each record: devices what was acknowledged to them, the platform what it took in.
//!
//! A ledger lives in memory and, when a file is named, also as JSON lines in it, so that devices and platform may be
//! different processes and `patrol-simulator verify` reconciles them afterwards. Lines are written when the fact
//! occurs and are in the operating system's hands before anybody hears of it; they are not synced, because the
//! simulator does not promise to outlive a power cut: the gateway does.

mod devices;
mod explanation;
mod file;
mod loss;
mod platform;
mod verdict;

pub use devices::{DeviceCounts, DeviceLedger, PhotoState, Receipt};
pub use file::{Entry, LedgerError, LedgerFile, read};
pub use loss::{Loss, Reason};
pub use platform::PlatformView;
pub use verdict::Verdict;
