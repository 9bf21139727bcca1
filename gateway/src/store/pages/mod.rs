//! Reading a database page by page, without SQLite, so that damage costs what is on the damaged page and nothing else.
//!
//! SQLite finds a row by its tree: a damaged page in the middle of a tree hides all below it, a damaged first page everything.
//! Here the trees are walked as far as they hold, and pages that no tree leads to any more are looked at one by one
//! ([`survey`]); a row found there is believed by its checksum. Nothing is ever written.
//!
//! ```text
//! file -> pages, newest version from the log (`file`, `log`) -> cells of a page (`tree`) -> columns of a row (`columns`)
//! ```
//! The format is SQLite's, version 3, as our databases have it: 4096 bytes a page, nothing reserved, no auto-vacuum, UTF-8.
//! Whatever the bytes say, memory stays bounded and every walk ends.

mod columns;
mod file;
mod log;
pub(super) mod survey;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use columns::{Value, columns};
pub(super) use file::Pages;
pub(super) use tree::Row;
