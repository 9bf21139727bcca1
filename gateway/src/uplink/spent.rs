//! What was spent of an uplink's budget, kept over restarts in a file of its own.
//!
//! It is written once a minute while it changes, and at the end: a power cut forgives at most a minute's bytes. Without a budget
//! nothing is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::domain::schedule::Spent;

/// How often it is written.
const WRITE_EVERY: Duration = Duration::from_secs(60);

/// The file of one uplink.
#[derive(Debug, Clone)]
pub struct SpentFile {
    path: Option<PathBuf>,
    written_at: Instant,
    written: Spent,
}

#[derive(Serialize, Deserialize)]
struct Line {
    day: Option<i64>,
    bytes: u64,
    metered_bytes: u64,
}

impl SpentFile {
    /// The file of the uplink of this name in a data directory; nothing is kept unless there is a budget.
    pub fn new(data_dir: &Path, uplink: &str, has_budget: bool) -> SpentFile {
        let path = has_budget.then(|| data_dir.join(format!("uplink-{uplink}-spent.json")));
        SpentFile { path, written_at: Instant::now(), written: Spent::default() }
    }

    /// What is written there; nothing when there is no file that can be read.
    pub(super) fn read(&self) -> Spent {
        let text = self.path.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        match serde_json::from_str(&text) {
            Ok(Line { day, bytes, metered_bytes }) => Spent { day, bytes, metered_bytes },
            Err(_) => Spent::default(),
        }
    }

    /// Takes note; writes it when it is due.
    pub(super) fn note(&mut self, spent: Spent) {
        if self.path.is_some() && spent != self.written && self.written_at.elapsed() >= WRITE_EVERY {
            self.written_at = Instant::now();
            self.written = spent;
            self.write(spent);
        }
    }

    /// Writes it. A failure is told, and costs no more than a budget that is counted short.
    pub(super) fn write(&self, spent: Spent) {
        let Some(path) = &self.path else { return };
        let Spent { day, bytes, metered_bytes } = spent;
        let line = Line { day, bytes, metered_bytes };
        let text = serde_json::to_string(&line).expect("a line has text keys and numbers only");
        let new = path.with_extension("new");
        if let Err(error) = fs::write(&new, text).and_then(|()| fs::rename(&new, path)) {
            tracing::warn!(path = %path.display(), %error, "what was spent of the budget can't be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_is_there_after_a_restart_and_without_a_budget_nothing_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let spent = Spent { day: Some(20_784), bytes: 5_000, metered_bytes: 70 };
        SpentFile::new(dir.path(), "city", false).write(spent);
        assert_eq!(SpentFile::new(dir.path(), "city", false).read(), Spent::default());
        SpentFile::new(dir.path(), "city", true).write(spent);
        assert_eq!(SpentFile::new(dir.path(), "city", true).read(), spent);
        assert_eq!(SpentFile::new(dir.path(), "desk", true).read(), Spent::default());
    }
}
