//! What the database lies on: the system's files, or the simulated disk of a test that cuts the power.

/// What the database lies on.
#[derive(Debug, Clone, Default)]
pub enum Medium {
    /// Files below the data directory, with every safeguard: what a gateway has, and no setting changes it.
    #[default]
    Files,
    /// A disk in the memory of a test.
    Simulated(Simulated),
}

/// A simulated disk. Only here can a safeguard be left out: real files always have all of them.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// The VFS that the test has registered with SQLite under this name (letters, digits, dashes).
    pub vfs: String,
    /// Pages of write-ahead log after which it is checkpointed.
    pub checkpoint_pages: u32,
    /// What is left out, to show that the test would notice.
    pub without: Option<Safeguard>,
}

/// What a PUBACK's meaning hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safeguard {
    /// The log is synced with every commit, not only before a checkpoint.
    SyncEveryCommit,
    /// Flash is not trusted with the neighbours of a sector whose writing was cut off (`psow=0`).
    DistrustOfNeighbours,
}

impl Medium {
    /// The parameters of the database's URI. `psow=0`: never assume that a torn sector leaves its neighbours whole; flash
    /// does not promise it.
    pub(super) fn uri_parameters(&self) -> String {
        let psow = u8::from(self.is_without(Safeguard::DistrustOfNeighbours));
        match self {
            Medium::Files => format!("psow={psow}"),
            Medium::Simulated(disk) => format!("psow={psow}&vfs={}", disk.vfs),
        }
    }

    /// The level of `PRAGMA synchronous`: 2 is FULL, 1 NORMAL.
    pub(super) fn synchronous(&self) -> &'static str {
        if self.is_without(Safeguard::SyncEveryCommit) { "1" } else { "2" }
    }

    /// Pages of write-ahead log after which it is checkpointed.
    pub(super) fn checkpoint_pages(&self) -> u32 {
        match self {
            Medium::Files => 1000,
            Medium::Simulated(disk) => disk.checkpoint_pages,
        }
    }

    fn is_without(&self, safeguard: Safeguard) -> bool {
        matches!(self, Medium::Simulated(disk) if disk.without == Some(safeguard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_files_have_every_safeguard() {
        let files = Medium::default();
        let set = (files.uri_parameters(), files.synchronous(), files.checkpoint_pages());
        assert_eq!(set, ("psow=0".into(), "2", 1000));
    }

    #[test]
    fn a_simulated_disk_has_them_too_unless_one_is_left_out() {
        let disk =
            |without| Medium::Simulated(Simulated { vfs: "disk-1".into(), checkpoint_pages: 64, without });
        let set = |without| (disk(without).uri_parameters(), disk(without).synchronous());
        assert_eq!(set(None), ("psow=0&vfs=disk-1".into(), "2"));
        assert_eq!(set(Some(Safeguard::SyncEveryCommit)), ("psow=0&vfs=disk-1".into(), "1"));
        assert_eq!(set(Some(Safeguard::DistrustOfNeighbours)), ("psow=1&vfs=disk-1".into(), "2"));
    }
}
