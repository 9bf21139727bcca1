//! The chain: each line ends with the hash of all before it in that line, which has the hash of the line before.
//!
//! ```text
//! {"seq":7,"at":"2026-11-27T13:00:00Z","event":"authenticated",...,"previous":"<hash of line 6>","hash":"<of this line>"}
//! ```
//!
//! `hash` is the SHA-256 of the line's bytes up to `,"hash"`. The first line of all has zeros for `previous`.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::folding::Noted;

/// Between what is hashed and the hash.
const SEAM: &str = ",\"hash\":\"";
/// Behind the hash.
const END: &str = "\"}";
/// Hexadecimal digits of a hash.
const HASH_LEN: usize = 64;

/// A hash, as hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash(String);

impl Hash {
    /// What the first line has before it.
    pub fn none() -> Hash {
        Hash("0".repeat(HASH_LEN))
    }

    /// From hexadecimal digits.
    pub fn parse(text: &str) -> Option<Hash> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == HASH_LEN && text.bytes().all(digit)).then(|| Hash(text.to_owned()))
    }

    fn of(text: &str) -> Hash {
        Hash(hex(&Sha256::digest(text.as_bytes())))
    }

    /// As hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a chain stands: the number and hash of its last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The number, from 1; 0 before the first.
    pub seq: u64,
    /// The hash.
    pub hash: Hash,
}

impl Link {
    /// Before the first line.
    pub fn start() -> Link {
        Link { seq: 0, hash: Hash::none() }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number and hash.
    pub link: Link,
    /// The hash of the line before it.
    pub previous: Hash,
    /// All that it says, in its order.
    pub fields: Map<String, Value>,
}

/// The next line after `after`, without its line break, and its link.
pub(super) fn seal(after: &Link, noted: &Noted) -> (String, Link) {
    let seq = after.seq + 1;
    let at = Timestamp::from_millisecond(noted.at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    let mut fields = Map::new();
    fields.insert("seq".to_owned(), seq.into());
    fields.insert("at".to_owned(), at.into());
    fields.insert("event".to_owned(), noted.event.name().into());
    fields.extend(noted.event.fields());
    fields.extend(noted.folded.map(|count| ("count".to_owned(), count.into())));
    fields.insert("previous".to_owned(), after.hash.as_str().into());
    let mut line = Value::Object(fields).to_string();
    line.pop();
    let hash = Hash::of(&line);
    line.extend([SEAM, hash.as_str(), END]);
    (line, Link { seq, hash })
}

/// Reads a line; `None` when it is not as it was written.
pub fn open(line: &str) -> Option<Line> {
    let (hashed, hash) = line.strip_suffix(END)?.rsplit_once(SEAM)?;
    let hash = Hash::parse(hash)?;
    if Hash::of(hashed) != hash {
        return None;
    }
    let Value::Object(fields) = serde_json::from_str(line).ok()? else { return None };
    let seq = fields.get("seq")?.as_u64()?;
    let previous = Hash::parse(fields.get("previous")?.as_str()?)?;
    Some(Line { link: Link { seq, hash }, previous, fields })
}
