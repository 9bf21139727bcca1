//! The journal, read from end to end for figures.
//!
//! A question is answered from the entries themselves, in pages of [`PAGE`], so that the writer answers everybody else in between. One question is
//! worked on at a time: the next one waits up to [`PLACE_TIME_MAX`]. Reading takes [`READ_TIME_MAX`] at most.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::PROBE_TIME_MAX;
use super::routes::failure;
use crate::domain::civil::CityClock;
use crate::domain::journal::Entry;
use crate::domain::points::PointRules;

/// Entries asked for at once.
pub const PAGE: u32 = 1000;
/// How long a question waits for the one before.
const PLACE_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the journal is read for one question; with the wait it is less than the time of a connection.
const READ_TIME_MAX: Duration = Duration::from_secs(8);

type Answer = Pin<Box<dyn Future<Output = Option<Vec<Entry>>> + Send>>;

/// Until when an entry is to be handled, in milliseconds since 1970.
type Due = dyn Fn(&Entry) -> Option<i64> + Send + Sync;

/// Asks the store for entries of the journal.
#[derive(Clone)]
pub struct JournalPages(Arc<dyn Fn(i64, u32) -> Answer + Send + Sync>);

impl JournalPages {
    /// Pages that `ask` gives: up to so many (the second argument) entries with numbers above the first, by number; its future
    /// gives `None` when the store is gone, and may be dropped at any time.
    pub fn new<F, Entries>(ask: F) -> JournalPages
    where
        F: Fn(i64, u32) -> Entries + Send + Sync + 'static,
        Entries: Future<Output = Option<Vec<Entry>>> + Send + 'static,
    {
        JournalPages(Arc::new(move |after, limit| Box::pin(ask(after, limit))))
    }

    async fn page(&self, after: i64) -> Option<Vec<Entry>> {
        timeout(PROBE_TIME_MAX, (self.0)(after, PAGE)).await.ok().flatten()
    }
}

/// The journal, and what figures need besides. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    pages: JournalPages,
    clock: CityClock,
    due: Arc<Due>,
    points: Arc<PointRules>,
    now_ms: fn() -> i64,
    place: Arc<Semaphore>,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}

/// Why there are no figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Others ask.
    Busy,
    /// The store's writer does not answer, or not fast enough.
    Silent,
}

impl Journal {
    /// This journal, by the city's clock and the gateway's (`now_ms`). `due` says until when an entry is to be handled, in milliseconds since
    /// 1970; `None` when it can't tell. `points` bound the scores of a day.
    pub fn new(
        pages: JournalPages,
        clock: CityClock,
        due: impl Fn(&Entry) -> Option<i64> + Send + Sync + 'static,
        points: Arc<PointRules>,
        now_ms: fn() -> i64,
    ) -> Journal {
        Journal { pages, clock, due: Arc::new(due), points, now_ms, place: Arc::new(Semaphore::new(1)) }
    }

    pub(super) fn clock(&self) -> CityClock {
        self.clock
    }

    pub(super) fn now_ms(&self) -> i64 {
        (self.now_ms)()
    }

    pub(super) fn points(&self) -> &PointRules {
        &self.points
    }

    pub(super) fn due(&self, entry: &Entry) -> Option<i64> {
        (self.due)(entry)
    }

    /// Shows `take` every entry.
    pub(super) async fn read(&self, take: impl FnMut(&Entry)) -> Result<(), Unread> {
        let place = timeout(PLACE_TIME_MAX, self.place.acquire()).await;
        let _place = place.map_err(|_| Unread::Busy)?;
        let read = timeout(READ_TIME_MAX, self.every_page(take)).await.ok().flatten();
        read.ok_or(Unread::Silent)
    }

    async fn every_page(&self, mut take: impl FnMut(&Entry)) -> Option<()> {
        let mut after = i64::MIN;
        loop {
            let page = self.pages.page(after).await?;
            page.iter().for_each(&mut take);
            match page.last() {
                Some(last) if last.number > after && page.len() >= PAGE as usize => after = last.number,
                _ => return Some(()),
            }
            // A store that answers at once must not keep this task from giving way.
            tokio::task::yield_now().await;
        }
    }
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        let told = match self {
            Unread::Busy => "other figures are being worked out: try again",
            Unread::Silent => "the journal can't be read: the store's writer does not answer",
        };
        failure(StatusCode::SERVICE_UNAVAILABLE, told)
    }
}
