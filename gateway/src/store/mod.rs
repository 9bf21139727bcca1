//! The store: what a device was told is safe, is in here, synced, until the platform's receipt for it is in here too.
//!
//! Rules
//! - One thread, the [`writer`], owns the one SQLite connection. Everybody else holds a [`handle::Store`] and asks.
//! - A group is everything that queued during the last sync: one transaction, one sync, then the answers. Nobody hears
//!   "durable" before the COMMIT that holds their message returned; nothing is deleted before the platform's receipt for
//!   it is in the same transaction.
//! - High-volume classes are packed many to a row ([`segment`], [`segments`]); incidents and tasks have a row each
//!   ([`rows`]) because somebody asks for their state.
//! - A record is recognised by (device, boot, seq) in the window of its device ([`windows`]), which is kept in memory, written
//!   with every deletion, and rebuilt at start from the records that are newer.
//! - Any I/O error ends the writer, and with it the process: no acknowledgement may follow a sync that failed.
//!   Only "full" is survivable: then acknowledgements are withheld ([`quota`]).
//!
//! Numbers: page 4096 bytes; WAL of 1000 pages, never shrunk; a group takes at most 16,384 records or 4 MiB; a segment
//! at most 2048 records or 512 KiB, in blocks of 512 records or 32 KiB, each with a checksum.

mod anchors;
mod checksum;
mod clock;
pub mod custody;
mod damage;
mod database;
pub mod dead_letters;
mod disk;
mod evidence;
pub mod fsck;
mod group;
pub mod handle;
mod inlet;
mod journal;
mod kept_room;
pub mod line;
pub mod losses;
mod mark;
pub mod medium;
mod numbers;
mod opening;
mod outbox;
mod pages;
mod photos;
mod progress;
mod quota;
mod rates;
pub mod record;
pub mod restore;
mod room;
mod rows;
mod salvage;
pub mod scan;
pub mod schema;
pub mod segment;
mod segments;
pub mod sessions;
pub mod settlement;
mod settling;
pub mod snapshot;
pub mod submission;
mod tables;
mod tally;
mod wal;
mod windows;
pub mod writer;
