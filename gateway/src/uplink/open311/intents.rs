//! What was sent to a platform that can't recognise a resend, and what became of it: on disk before anything is sent.
//!
//! A file of lines, each a JSON object: an intent, a token, a case number, or that nothing arrived. A line is synced before its writer
//! goes on. A torn line at the end is what a power cut leaves of a step nobody went on from. At the start, when the file has grown, and
//! after a line that could not be written, it is written anew with what still counts.
//!
//! The store has no table for it, and needs none: what is forgotten here can at worst make a second case with a mark.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::SetupError;
use crate::uplink::carrier::Trouble;

/// Records of which something is known. Beyond, the oldest that has its number is forgotten; or the oldest.
pub(in crate::uplink) const RECORDS_MAX: usize = 10_000;
/// The file is written anew when it has this many lines more than records.
const SPARE_LINES_MAX: usize = 10_000;

/// How far a record is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::uplink) enum Step {
    /// It may have been sent, for the first time at this time by the gateway's clock, in milliseconds since 1970. A later attempt does
    /// not change it: any of them may have arrived.
    Sent(i64),
    /// The platform has taken it and said neither a number nor a token; first sent at this time.
    Taken(i64),
    /// The platform has it, and will have a number for this token.
    Token(String),
    /// The platform has it under this number.
    Case(String),
    /// It did not arrive, or was refused.
    Nothing,
}

#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    #[serde(flatten)]
    step: Step,
}

/// The intents of one uplink; clones are the same.
#[derive(Debug, Clone)]
pub(in crate::uplink) struct Intents(Arc<Mutex<Log>>);

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    lines: usize,
    records: Records,
    /// A line could not be written, and part of it may be in the file: the next one would be lost behind it.
    is_torn: bool,
}

/// What is known, oldest first.
#[derive(Debug, Default)]
struct Records {
    by_id: HashMap<String, (u64, Step)>,
    by_age: BTreeMap<u64, String>,
    next: u64,
}

impl Intents {
    /// Opens the file, or makes it.
    pub(in crate::uplink) fn open(path: &Path) -> Result<Intents, SetupError> {
        let log = Log::open(path).map_err(|source| SetupError::File { path: path.to_owned(), source })?;
        Ok(Intents(Arc::new(Mutex::new(log))))
    }

    /// How far a record is; `None` when nothing of it was ever sent.
    pub(in crate::uplink) async fn step(&self, id: &str) -> Result<Option<Step>, Trouble> {
        let id = id.to_owned();
        self.with(move |log| Ok(log.records.by_id.get(&id).map(|(_, step)| step.clone()))).await
    }

    /// Notes a step; it is on disk when this returns.
    pub(in crate::uplink) async fn note(&self, id: &str, step: Step) -> Result<(), Trouble> {
        let id = id.to_owned();
        self.with(move |log| log.note(id, step)).await
    }

    /// Does something with the log beside the tasks, as it waits for the disk.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Log) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Trouble> {
        let log = Arc::clone(&self.0);
        // A panic in between leaves lines that are whole or torn, as a power cut does.
        let done = tokio::task::spawn_blocking(move || {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut log).map_err(|error| format!("{}: {error}", log.path.display()))
        });
        let why = match done.await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(why)) => why,
            Err(error) => error.to_string(),
        };
        Err(Trouble::Setup(format!("{why}: nothing is sent that can't be noted before")))
    }
}

impl Log {
    fn open(path: &Path) -> io::Result<Log> {
        let mut records = Records::default();
        let mut unread = 0;
        for line in
            fs::read(path).or_else(absent)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
        {
            match serde_json::from_slice(line) {
                Ok(Line { id, step }) => records.set(id, step),
                Err(_) => unread += 1,
            }
        }
        if unread > 0 {
            tracing::warn!(path = %path.display(), unread, "lines of the intents can't be read, left out");
        }
        let file = rewrite(path, &records)?;
        Ok(Log { path: path.to_owned(), file, lines: records.by_id.len(), records, is_torn: false })
    }

    fn note(&mut self, id: String, step: Step) -> io::Result<()> {
        let is_sent_before = matches!(self.records.by_id.get(&id), Some((_, Step::Sent(_))));
        if is_sent_before && matches!(step, Step::Sent(_)) {
            return Ok(());
        }
        let has_grown = self.lines >= self.records.by_id.len() + SPARE_LINES_MAX;
        // Until all of it has gone well.
        let was_torn = std::mem::replace(&mut self.is_torn, true);
        if was_torn || has_grown {
            self.file = rewrite(&self.path, &self.records)?;
            self.lines = self.records.by_id.len();
        }
        self.file.write_all(&line(&id, &step))?;
        self.file.sync_data()?;
        self.is_torn = false;
        self.lines += 1;
        self.records.set(id, step);
        Ok(())
    }
}

impl Records {
    fn set(&mut self, id: String, step: Step) {
        if let Some((age, _)) = self.by_id.remove(&id) {
            self.by_age.remove(&age);
        }
        if step == Step::Nothing {
            return;
        }
        while self.by_id.len() >= RECORDS_MAX {
            self.forget_one();
        }
        self.by_age.insert(self.next, id.clone());
        self.by_id.insert(id, (self.next, step));
        self.next += 1;
    }

    fn forget_one(&mut self) {
        let is_done = |id: &&String| matches!(self.by_id.get(*id), Some((_, Step::Case(_) | Step::Taken(_))));
        let oldest = self.by_age.values().find(is_done).or_else(|| self.by_age.values().next()).cloned();
        let Some(id) = oldest else { return };
        if let Some((age, step)) = self.by_id.remove(&id) {
            self.by_age.remove(&age);
            if !matches!(step, Step::Case(_) | Step::Taken(_)) {
                tracing::warn!(
                    record = id,
                    "too many records without an answer, the oldest intent is forgotten"
                );
            }
        }
    }
}

fn line(id: &str, step: &Step) -> Vec<u8> {
    let line = Line { id: id.to_owned(), step: step.clone() };
    let mut bytes = serde_json::to_vec(&line).expect("a line has text keys and plain values only");
    bytes.push(b'\n');
    bytes
}

/// Writes the file anew: synced, then renamed, then the folder synced. Gives it open at its end.
fn rewrite(path: &Path, records: &Records) -> io::Result<File> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    let of = |id: &String| records.by_id.get(id).map(|(_, step)| line(id, step));
    file.write_all(&records.by_age.values().filter_map(of).flatten().collect::<Vec<u8>>())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    OpenOptions::new().append(true).open(path)
}

fn absent(error: io::Error) -> io::Result<Vec<u8>> {
    if error.kind() == io::ErrorKind::NotFound { Ok(Vec::new()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn steps_survive_a_restart_and_a_torn_line_is_one_that_nobody_went_on_from() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("uplink-city.intents");
        let intents = Intents::open(&path).unwrap();
        intents.note("a", Step::Sent(1)).await.unwrap();
        intents.note("b", Step::Sent(2)).await.unwrap();
        intents.note("b", Step::Case("AJ-1".into())).await.unwrap();
        intents.note("c", Step::Sent(3)).await.unwrap();
        intents.note("c", Step::Nothing).await.unwrap();
        drop(intents);
        let mut torn = fs::read(&path).unwrap();
        torn.extend(&line("d", &Step::Sent(4))[..7]);
        fs::write(&path, torn).unwrap();

        let intents = Intents::open(&path).unwrap();
        assert_eq!(intents.step("a").await, Ok(Some(Step::Sent(1))));
        assert_eq!(intents.step("b").await, Ok(Some(Step::Case("AJ-1".into()))));
        assert_eq!((intents.step("c").await, intents.step("d").await), (Ok(None), Ok(None)));
        assert_eq!(fs::read(&path).unwrap().split(|byte| *byte == b'\n').count(), 3, "written anew");
    }

    #[tokio::test]
    async fn a_record_keeps_the_time_at_which_it_was_first_sent() {
        let dir = tempfile::tempdir().unwrap();
        let intents = Intents::open(&dir.path().join("uplink-city.intents")).unwrap();
        intents.note("a", Step::Sent(1)).await.unwrap();
        intents.note("a", Step::Sent(2)).await.unwrap();
        assert_eq!(intents.step("a").await, Ok(Some(Step::Sent(1))));
        intents.note("a", Step::Nothing).await.unwrap();
        intents.note("a", Step::Sent(3)).await.unwrap();
        assert_eq!(intents.step("a").await, Ok(Some(Step::Sent(3))));
    }

    #[test]
    fn a_line_that_could_not_be_written_does_not_swallow_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("uplink-city.intents");
        let mut log = Log::open(&path).unwrap();
        log.note("a".into(), Step::Sent(1)).unwrap();
        // As a full disk does it: half a line, and an error.
        log.file.write_all(&line("b", &Step::Sent(2))[..7]).unwrap();
        log.file = File::open(&path).unwrap();
        log.note("b".into(), Step::Sent(2)).unwrap_err();
        log.note("c".into(), Step::Sent(3)).unwrap();

        let records = Log::open(&path).unwrap().records;
        let step = |id: &str| records.by_id.get(id).map(|(_, step)| step.clone());
        assert_eq!((step("a"), step("b"), step("c")), (Some(Step::Sent(1)), None, Some(Step::Sent(3))));
    }

    #[test]
    fn records_are_bounded_and_those_with_a_number_leave_first() {
        let mut records = Records::default();
        records.set("waits".into(), Step::Sent(1));
        for number in 0..RECORDS_MAX {
            records.set(format!("done-{number}"), Step::Case("AJ".into()));
        }
        assert_eq!((records.by_id.len(), records.by_age.len()), (RECORDS_MAX, RECORDS_MAX));
        assert!(records.by_id.contains_key("waits") && !records.by_id.contains_key("done-0"));
        for number in 0..RECORDS_MAX {
            records.set(format!("open-{number}"), Step::Sent(1));
        }
        assert_eq!((records.by_id.len(), records.by_age.len()), (RECORDS_MAX, RECORDS_MAX));
        assert!(!records.by_id.contains_key("waits"));
    }
}
