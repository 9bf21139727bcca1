//! A disk in memory under SQLite, and what is left of it when the power goes.
//!
//! ```text
//! SQLite ── drive (a VFS) ── disk (files, and the log of all calls that changed something)
//!                               └─ replay (the log up to a cut: what is durable, what is not) ── fate ── image ── disk
//! ```
//! Rules
//! - Durable is what was synced, and nothing else: a file's content and length by a sync of the file, its name (made or
//!   deleted) by a sync of the directory. All that came after the last sync may be there or not, in any combination.
//! - A disk is used once: it is filled from an image, a database lives on it, and its log tells every state in which a power
//!   cut may have left it. A state is again an image.
//! - Sizes: a sector, the least that a disk writes, is 512 bytes; a page of flash, the least that it programs, is 4096
//!   bytes, and this is what SQLite is told as the size of a sector, like on unix.
//! - No clock and no chance of its own: the same log, cut, fate and seed give the same image.

pub mod call;
pub mod disk;
pub mod drive;
pub mod fate;
pub mod replay;

/// The least that a disk writes: a write that the power cuts short leaves whole sectors.
pub const SECTOR_BYTES: usize = 512;
/// The least that flash programs: while it does, anything within may turn to garbage.
pub const FLASH_PAGE_BYTES: usize = 4096;

/// The files on a disk that nobody writes to: content by name.
pub type Image = std::collections::BTreeMap<String, Vec<u8>>;
