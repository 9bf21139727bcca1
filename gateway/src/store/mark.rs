//! The commit mark: a file beside the database that says which commit was the last, so that a log that has lost its end is
//! noticed. SQLite takes what is left of a damaged log without a word.
//!
//! ```text
//! commit u64 le | generation of the database u32 le | crc32c u32 le of these
//! ```
//! It is rewritten in place after each commit and never synced: a power cut may take the mark back to an earlier commit, or tear
//! it, and neither means anything. Only a mark that is ahead of its database does.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::damage::folders::MARK;

const BYTES: usize = 16;
const CHECKED_BYTES: usize = 12;

/// What the mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) commit_seq: u64,
    /// Which database it is about: 0 is the first, every one that was opened in place of a damaged one has the next number.
    pub(super) generation: u32,
}

impl Marked {
    /// What the mark beside the database says; `None` when there is none, or it is torn.
    pub(super) fn read(data_dir: &Path) -> Option<Marked> {
        let mut bytes = [0; BYTES];
        File::open(data_dir.join(MARK)).ok()?.read_exact_at(&mut bytes, 0).ok()?;
        Marked::decode(bytes)
    }

    fn encode(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.commit_seq.to_le_bytes());
        bytes[8..CHECKED_BYTES].copy_from_slice(&self.generation.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..CHECKED_BYTES]);
        bytes[CHECKED_BYTES..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: [u8; BYTES]) -> Option<Marked> {
        let (commit, rest) = bytes.split_first_chunk()?;
        let (generation, crc) = rest.split_first_chunk()?;
        let marked =
            Marked { commit_seq: u64::from_le_bytes(*commit), generation: u32::from_le_bytes(*generation) };
        (crc == crc32c::crc32c(&bytes[..CHECKED_BYTES]).to_le_bytes()).then_some(marked)
    }

    /// Commits that this mark knows of and the database, recovered up to `commit_seq`, does not.
    pub(super) fn missing(self, commit_seq: u64, generation: u32) -> u64 {
        if self.generation == generation { self.commit_seq.saturating_sub(commit_seq) } else { 0 }
    }
}

/// The mark, open to be written.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    is_silent: bool,
}

impl Mark {
    pub(super) fn open(data_dir: &Path) -> io::Result<Mark> {
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).mode(0o600).open(data_dir.join(MARK))?;
        Ok(Mark { file, is_silent: false })
    }

    /// Notes a commit. Without the mark nothing is less safe, only less would be noticed.
    pub(super) fn note(&mut self, marked: Marked) {
        if let Err(error) = self.file.write_all_at(&marked.encode(), 0)
            && !std::mem::replace(&mut self.is_silent, true)
        {
            tracing::warn!(%error, "the commit mark can't be written; damage to the log may go unnoticed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_mark_that_is_ahead_of_its_own_database_tells_of_a_loss() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Marked::read(dir.path()), None);
        let mut mark = Mark::open(dir.path()).unwrap();
        for commit_seq in [7, 8] {
            mark.note(Marked { commit_seq, generation: 2 });
        }
        let marked = Marked::read(dir.path()).unwrap();
        assert_eq!([5, 8, 9].map(|recovered| marked.missing(recovered, 2)), [3, 0, 0]);
        assert_eq!(marked.missing(1, 3), 0, "the mark of the database before");
    }

    proptest! {
        #[test]
        fn a_torn_mark_says_nothing(commit_seq: u64, generation: u32, at in 0..BYTES, change in 1u8..) {
            let mut bytes = Marked { commit_seq, generation }.encode();
            prop_assert_eq!(Marked::decode(bytes), Some(Marked { commit_seq, generation }));
            bytes[at] ^= change;
            prop_assert_eq!(Marked::decode(bytes), None);
        }
    }
}
