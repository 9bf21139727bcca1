//! A backlog as a file: what is exported to a stick, and imported from it into another gateway or sent to the platform.
//!
//! Rules
//! - An export consumes nothing: records leave a store only on the platform's receipt. What travels both ways is recognised by
//!   (source, id), as records keep the gateway that took them.
//! - Chunks are the unit of everything: a page of the backlog, a checksum, a commit, a step of progress. Whatever is
//!   interrupted goes on after the last whole one, on either side.
//! - Nothing of a file is believed before its checksum holds, and no length of it before it is within its bound.
//!
//! [`mod@format`], [`record`] and [`chunk`] are the bytes (docs/export-format.md), [`writer`] and [`reader`] a file, [`part`] and
//! [`salvage`] what is left of one; [`export`] and [`import`] are the two ways between chunks and a store.

pub mod chunk;
pub mod export;
pub mod format;
pub mod import;
pub mod part;
pub mod reader;
pub mod record;
pub mod salvage;
pub mod writer;
