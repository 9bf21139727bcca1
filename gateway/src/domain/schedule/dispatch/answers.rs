//! What becomes of a batch when the platform has answered, or has not.

use std::hash::Hash;
use std::time::Duration;

use super::batch::{Batch, Phase};
use super::patience::Cause;
use super::{Dispatch, Do, Item, Reply, Ticket, Word};
use crate::domain::schedule::stream::Side;

impl<K: Copy + Eq + Hash> Dispatch<K> {
    /// A batch ended. `wire_bytes` is what really went over the link for it, if the carrier knows: 0 when there was no
    /// connection. False, and nothing happens, when no such batch is under way. `chance` is an even draw from 0..1.
    pub fn answered(
        &mut self,
        now: Duration,
        chance: f64,
        ticket: Ticket,
        reply: Reply,
        wire_bytes: Option<u64>,
    ) -> bool {
        let Some(batch) = self.take(ticket, Phase::Sent) else { return false };
        if let Some(real) = wire_bytes {
            self.scheduler.budget_mut().correct(batch.link, batch.wire_bytes, real);
        }
        let took = now.saturating_sub(batch.sent_at);
        if batch.stream.side == Side::Backlog {
            self.scheduler.backlog_ended(now, took);
        }
        // What was under way when the link failed says nothing about its pace.
        let is_telling = self.patience.is_since_failure(batch.sent_at);
        match reply {
            Reply::Words(words) => {
                self.platform_answers(now, chance, batch.sent_at);
                if is_telling {
                    self.scheduler.answered(batch.wire_bytes, batch.bytes_ahead, took);
                }
                self.hear(now, chance, batch, &words);
            }
            Reply::Refused => {
                self.platform_answers(now, chance, batch.sent_at);
                self.refused(now, chance, batch);
            }
            Reply::Deadline => {
                if is_telling {
                    self.scheduler.missed(batch.items.len(), batch.wire_bytes);
                }
                self.failed(now, chance, batch, Cause::Other);
            }
            Reply::Unavailable { retry_after } => {
                self.failed(now, chance, batch, retry_after.map_or(Cause::Other, Cause::Asked));
            }
            Reply::NoAnswer => self.failed(now, chance, batch, Cause::Link),
            Reply::Denied | Reply::Garbled => self.failed(now, chance, batch, Cause::Other),
        }
        true
    }

    /// The next batch whose words are to be made durable.
    pub(super) fn next_settlement(&mut self) -> Option<Do<K>> {
        let batch = self.batches.iter_mut().find(|batch| batch.phase == Phase::Answered)?;
        batch.phase = Phase::Settling;
        let keys = batch.items.iter().map(|item| item.key);
        let words = keys.zip(batch.words.iter().copied()).collect();
        Some(Do::Settle { ticket: batch.ticket, class: batch.stream.class, words })
    }

    /// The words of a batch are durable. False when none were being stored.
    pub fn settled(&mut self, now: Duration, ticket: Ticket) -> bool {
        let Some(batch) = self.take(ticket, Phase::Settling) else { return false };
        self.figures.settled(now, batch.items.len() as u64);
        self.accepted_since_burial |= batch.words.contains(&Word::Accepted);
        self.patience.reset(batch.sent_at);
        true
    }

    /// They could not be stored: its records are still pending, and sent again later.
    pub fn unsettled(&mut self, now: Duration, chance: f64, ticket: Ticket) -> bool {
        let Some(batch) = self.take(ticket, Phase::Settling) else { return false };
        self.accepted_since_burial |= batch.is_burial;
        self.failed(now, chance, batch, Cause::Other);
        true
    }

    fn take(&mut self, ticket: Ticket, phase: Phase) -> Option<Batch<K>> {
        let is_it = |batch: &Batch<K>| batch.ticket == ticket && batch.phase == phase;
        let index = self.batches.iter().position(is_it)?;
        Some(self.batches.remove(index))
    }

    /// Nothing of the batch is released: it goes back, and nothing is sent for a while.
    fn failed(&mut self, now: Duration, chance: f64, batch: Batch<K>, cause: Cause) {
        self.patience.failed(now, chance, batch.sent_at, cause);
        if batch.is_suspect {
            self.queue(batch.stream).suspect(batch.items, false);
        } else {
            self.put_back(batch.stream, batch.items);
        }
    }

    /// The platform is there. After an outage the backlog waits for its start.
    fn platform_answers(&mut self, now: Duration, chance: f64, sent_at: Duration) {
        if self.patience.is_outage_over(now, sent_at) {
            self.scheduler.begin_drain(now, chance);
        }
    }

    /// Divides a batch into what the platform said something on, which waits to be made durable, and the rest, which is put
    /// off.
    fn hear(&mut self, now: Duration, chance: f64, mut batch: Batch<K>, words: &[Option<Word>]) {
        let items = std::mem::take(&mut batch.items);
        let mut silent = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match words.get(index).copied().flatten() {
                Some(word) => {
                    batch.items.push(item);
                    batch.words.push(word);
                }
                None => silent.push(item),
            }
        }
        let is_all_put_off = self.put_off_silent(now, &batch, silent);
        if batch.items.is_empty() || !is_all_put_off {
            self.patience.failed(now, chance, batch.sent_at, Cause::Other);
        }
        if !batch.items.is_empty() {
            batch.phase = Phase::Answered;
            self.batches.push(batch);
        }
    }

    /// Puts records off; those for which there is no room go back, and the answer is false.
    fn put_off_silent(&mut self, now: Duration, batch: &Batch<K>, silent: Vec<Item<K>>) -> bool {
        let class = batch.stream.class;
        let put_off = &mut self.put_off;
        let (gone, left): (Vec<_>, Vec<_>) =
            silent.into_iter().partition(|item| put_off.add(now, class, item.key));
        let is_all = left.is_empty();
        self.let_go(class, gone);
        self.put_back(batch.stream, left);
        is_all
    }

    /// The platform refused the batch whole: halves go on their own until one record stands alone. That one is buried, or put
    /// off while it is not sure that the record is to blame: a platform that refuses everything has a trouble of its own, and
    /// costs nobody a record.
    fn refused(&mut self, now: Duration, chance: f64, mut batch: Batch<K>) {
        self.scheduler.refused(batch.items.len());
        if batch.items.len() > 1 {
            self.queue(batch.stream).suspect(batch.items, true);
        } else if self.accepted_since_burial {
            self.accepted_since_burial = false;
            (batch.words, batch.is_burial) = (vec![Word::Rejected], true);
            batch.phase = Phase::Answered;
            self.batches.push(batch);
        } else {
            let items = std::mem::take(&mut batch.items);
            self.put_off_silent(now, &batch, items);
            self.patience.failed(now, chance, batch.sent_at, Cause::Other);
        }
    }
}
