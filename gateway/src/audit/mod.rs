//! The audit log: who came in, who did not and why, what was denied, who changed the registry.
//!
//! - One line of JSON for each event in `audit/audit.jsonl` in the data folder. Each line holds the hash of the line before and its
//!   own: whoever changes or removes one breaks the [`chain`].
//! - A thread of its own writes; [`Audit::note`] never waits. What finds the channel full is counted, and the count is written.
//! - Equal events within ten seconds become one more line with their count ([`folding`]), so that a flood can't wash the log away.
//! - A command writes to the same files while the gateway runs: whoever writes holds the lock ([`log`]).
//! - No password, code, hash of one or payload is ever in it.

pub mod chain;
pub mod event;
mod folding;
pub mod log;
pub mod reading;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::folding::{Folding, Noted};
use self::log::Log;
use crate::clock;

pub use self::event::{Action, Event, Who};

/// Events that wait for the thread.
const QUEUE_EVENTS: usize = 1024;
/// What comes within this time after an event is written with it.
const COLLECT: Duration = Duration::from_millis(100);
/// How often the thread looks for events whose fold is over.
const TICK: Duration = Duration::from_secs(1);

/// The folder of the audit log.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("audit")
}

enum Message {
    Event(Box<Event>),
    End,
}

/// The way into the audit log. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    messages: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Audit {
    /// Starts the thread that writes to this folder.
    ///
    /// # Errors
    /// The system has no thread to spare.
    pub fn start(folder: PathBuf) -> std::io::Result<(Audit, Running)> {
        let (messages, received) = mpsc::sync_channel(QUEUE_EVENTS);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            received,
            dropped: dropped.clone(),
            folding: Folding::default(),
            log: Log::new(folder),
            started: Instant::now(),
            is_failing: false,
        };
        let thread = thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run())?;
        let audit = Audit { messages, dropped };
        Ok((audit.clone(), Running { audit, thread }))
    }

    /// Notes an event. Never waits.
    pub fn note(&self, event: Event) {
        if self.messages.try_send(Message::Event(Box::new(event))).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The running thread.
pub struct Running {
    audit: Audit,
    thread: JoinHandle<()>,
}

impl Running {
    /// Lets the thread write what was noted before, and waits for it.
    pub fn end(self) {
        // An error says that it has ended by itself, which a panic alone can do.
        let _ = self.audit.messages.send(Message::End);
        let _ = self.thread.join();
    }
}

/// Appends one event, for a command.
///
/// # Errors
/// The log can't be written.
pub fn append(data_dir: &Path, event: &Event) -> std::io::Result<()> {
    Log::new(folder(data_dir)).append(&[Noted::once(event.clone(), clock::unix_ms())])
}

/// The thread's own.
struct Writer {
    received: Receiver<Message>,
    dropped: Arc<AtomicU64>,
    folding: Folding,
    log: Log,
    started: Instant,
    /// The last write has failed, and that was told.
    is_failing: bool,
}

impl Writer {
    fn run(mut self) {
        loop {
            let (noted, is_over) = self.collect();
            self.write(noted);
            if is_over {
                let rest = self.folding.all();
                return self.write(rest);
            }
        }
    }

    /// What is to be written now, and whether that is the last.
    fn collect(&mut self) -> (Vec<Noted>, bool) {
        let mut noted = Vec::new();
        let mut due = Instant::now() + TICK;
        let is_over = loop {
            match self.received.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Message::Event(event)) => {
                    due = due.min(Instant::now() + COLLECT);
                    noted.extend(self.folding.take(*event, self.now_ms(), clock::unix_ms()));
                }
                Err(RecvTimeoutError::Timeout) => break false,
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => break true,
            }
            if noted.len() >= QUEUE_EVENTS {
                break false;
            }
        };
        noted.extend(self.folding.over(self.now_ms()));
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            noted.push(Noted::once(Event::Dropped { count: dropped }, clock::unix_ms()));
        }
        (noted, is_over)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn write(&mut self, noted: Vec<Noted>) {
        if noted.is_empty() {
            return;
        }
        match self.log.append(&noted) {
            Ok(()) => self.is_failing = false,
            Err(error) => {
                let lost: u64 = noted.iter().map(Noted::events).sum();
                self.dropped.fetch_add(lost, Ordering::Relaxed);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(%error, "the audit log can't be written, its events are only counted");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_before_the_end_is_written_and_a_full_channel_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (audit, running) = Audit::start(folder(dir.path())).unwrap();
        let devices = 5000;
        for number in 0..devices {
            audit.note(Event::Enrolled { device: format!("cam-{number}"), peer: [127, 0, 0, 1].into() });
        }
        running.end();
        let reading = reading::read(&folder(dir.path())).unwrap();
        assert_eq!(reading.fault, None);
        let told: u64 = reading
            .lines
            .iter()
            .map(|line| line.fields.get("count").map_or(1, |count| count.as_u64().unwrap()))
            .sum();
        assert_eq!(told, devices, "written or counted");
    }
}
