//! What was published by one connection, and who waits for the word on it.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;

use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::word::{self, Word};
use crate::mqtt_client::{Fate, Notice};
use crate::store::settlement::Decision;

/// Events that may wait for their word before those are forgotten whose batch was given up. The lane has four batches under way, of
/// 5000 events at most.
const WAITING_MAX: usize = 20_000;

type Flight = Pin<Box<dyn Future<Output = (String, Fate)> + Send>>;

/// Events without a word. When it is dropped with its connection, all are told that they are lost.
pub(super) struct Flights {
    /// Resolves with the fate of each event at the broker.
    pub(super) published: FuturesUnordered<Flight>,
    /// When the last one was acknowledged, or the first one published since none was in flight.
    pub(super) progress_at: Instant,
    /// Their ids in the order in which they were published.
    order: VecDeque<String>,
    words: HashMap<String, oneshot::Sender<Word>>,
    by_receipt: bool,
}

impl Flights {
    /// Nothing in flight. With `by_receipt` the word is the platform's and not the broker's.
    pub(super) fn new(by_receipt: bool) -> Flights {
        Flights {
            published: FuturesUnordered::new(),
            progress_at: Instant::now(),
            order: VecDeque::new(),
            words: HashMap::new(),
            by_receipt,
        }
    }

    /// An event was published.
    pub(super) fn add(&mut self, id: String, word: oneshot::Sender<Word>, notice: Notice<Fate>) {
        if self.published.is_empty() {
            self.progress_at = Instant::now();
        }
        if self.words.len() >= WAITING_MAX {
            self.words.retain(|_, word| !word.is_closed());
        }
        self.order.push_back(id.clone());
        self.words.insert(id.clone(), word);
        self.published.push(Box::pin(async move { (id, notice.await) }));
    }

    /// The broker has answered an event.
    pub(super) fn answered(&mut self, id: &str, fate: Fate) {
        if fate == Fate::Unknown {
            // Its connection is over; whoever waits is told when the rest is.
            return;
        }
        self.progress_at = Instant::now();
        // Brokers answer in order: it is the first one.
        if let Some(place) = self.order.iter().position(|each| each == id) {
            self.order.remove(place);
        }
        if let Some(word) = word::of_fate(fate, self.by_receipt) {
            self.tell(id, word);
        }
    }

    /// The platform has decided on an event.
    pub(super) fn decided(&mut self, id: &str, decision: Decision) {
        self.tell(id, Word::Decided(decision));
    }

    /// Whoever has given up waiting is told nothing.
    fn tell(&mut self, id: &str, word: Word) {
        if let Some(waiting) = self.words.remove(id) {
            let _ = waiting.send(word);
        }
    }

    /// The oldest event without an answer of the broker.
    pub(super) fn oldest(&self) -> Option<&str> {
        self.order.front().map(String::as_str)
    }
}
