//! The first bytes of the database file. Most of them are the same in all databases of ours.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::store::damage::folders::DATABASE;

/// Where, and what stands there: what the file is; 4096 bytes a page, versions 2 (with a write-ahead log), nothing reserved, the
/// fractions that SQLite knows; schema format 4; UTF-8.
const FIXED: [(usize, &[u8]); 4] = [
    (0, b"SQLite format 3\0"),
    (16, &[0x10, 0x00, 2, 2, 0, 64, 32, 32]),
    (44, &[0, 0, 0, 4]),
    (56, &[0, 0, 0, 1]),
];

/// False for a database whose header is damaged. SQLite has many words for that; "read-only" is one of them.
pub(super) fn is_ours(data_dir: &Path) -> bool {
    let mut header = [0; 100];
    let read = File::open(data_dir.join(DATABASE)).and_then(|mut file| file.read_exact(&mut header));
    read.is_err() || FIXED.iter().all(|(at, bytes)| header[*at..].starts_with(bytes))
}
