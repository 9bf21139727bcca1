//! The carrier: packs events as messages, has the link publish them in order, and waits for the word on each.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time;

use super::link::State;
use super::message::{Form, Message};
use super::word::{Order, Word};
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};

/// Carries events to the platform by way of a broker.
pub struct MqttCarrier {
    form: Form,
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
    /// Total time for a batch.
    within: Duration,
}

/// A batch of events, each a message.
#[derive(Debug)]
pub struct MqttBatch {
    messages: Vec<Message>,
}

impl MqttCarrier {
    pub(super) fn new(
        form: Form,
        orders: mpsc::Sender<Order>,
        state: watch::Receiver<State>,
        within: Duration,
    ) -> MqttCarrier {
        MqttCarrier { form, orders, state, within }
    }
}

impl Carrier for MqttCarrier {
    type Parcel = MqttBatch;

    fn pack(&self, records: &[&Pending], room: Room) -> Packed<MqttBatch> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        for pending in records.iter().take(room.records.max(1)) {
            let message = self.form.message(pending);
            if !messages.is_empty() && bytes + message.packet_bytes > room.bytes {
                break;
            }
            bytes += message.packet_bytes;
            messages.push(message);
        }
        Packed { records: messages.len(), wire_bytes: bytes, parcel: MqttBatch { messages } }
    }

    async fn send(&self, MqttBatch { messages }: MqttBatch) -> Result<Answer, Trouble> {
        let wire_bytes = messages.iter().map(|message| message.packet_bytes).sum();
        let mut delivery = Delivery::new(self, messages);
        let ended = match time::timeout(self.within, delivery.run()).await {
            Ok(ended) => ended,
            Err(_) => Err(self.too_late(delivery.has_published)),
        };
        // What has a word has it, whatever became of the rest.
        let decisions = delivery.into_decisions();
        match ended {
            Err(trouble) if decisions.iter().all(Option::is_none) => Err(trouble),
            _ => Ok(Answer { decisions, wire_bytes }),
        }
    }
}

impl MqttCarrier {
    /// Why the time is up: no connection all the while, or no word.
    fn too_late(&self, has_published: bool) -> Trouble {
        match &*self.state.borrow() {
            State::Up { .. } => Trouble::Deadline,
            State::Down(Trouble::Unreachable(why)) if has_published => Trouble::NoAnswer(why.clone()),
            State::Down(trouble) => trouble.clone(),
        }
    }

    /// The number of the connection, as soon as there is one. An error when a person is needed first.
    async fn connection(&self) -> Result<u64, Trouble> {
        let mut state = self.state.clone();
        let is_told =
            |state: &State| !matches!(state, State::Down(Trouble::NoAnswer(_) | Trouble::Unreachable(_)));
        let told = state.wait_for(is_told).await.map(|state| state.clone());
        match told {
            Ok(State::Up { connection }) => Ok(connection),
            Ok(State::Down(trouble)) => Err(trouble),
            Err(_) => Err(Trouble::Unreachable("the gateway stops".to_owned())),
        }
    }
}

/// A batch under way.
struct Delivery<'a> {
    carrier: &'a MqttCarrier,
    messages: Vec<Message>,
    decisions: Vec<Option<Decision>>,
    /// Where the words on those come that were published, in order.
    words: VecDeque<(usize, oneshot::Receiver<Word>)>,
    /// Those whose connection ended first.
    lost: Vec<usize>,
    /// Why one of them has no decision.
    trouble: Option<Trouble>,
    /// Something was asked of a connection.
    has_published: bool,
}

impl<'a> Delivery<'a> {
    fn new(carrier: &'a MqttCarrier, messages: Vec<Message>) -> Delivery<'a> {
        let decisions = vec![None; messages.len()];
        let (words, lost, trouble) = (VecDeque::new(), Vec::new(), None);
        Delivery { carrier, messages, decisions, words, lost, trouble, has_published: false }
    }

    /// Publishes what has no word, in order, until everything has one; by one connection after another.
    async fn run(&mut self) -> Result<(), Trouble> {
        let mut waiting: Vec<usize> = (0..self.messages.len()).collect();
        while !waiting.is_empty() {
            let connection = self.carrier.connection().await?;
            for index in waiting {
                self.publish(connection, index).await?;
            }
            while let Some((index, told)) = self.words.front_mut() {
                let (index, word) = (*index, told.await);
                self.words.pop_front();
                self.note(index, word.unwrap_or(Word::Lost));
            }
            if let Some(trouble) = self.trouble.take() {
                return Err(trouble);
            }
            waiting = std::mem::take(&mut self.lost);
        }
        Ok(())
    }

    async fn publish(&mut self, connection: u64, index: usize) -> Result<(), Trouble> {
        let (word, told) = oneshot::channel();
        let order = Order { connection, message: self.messages[index].clone(), word };
        self.words.push_back((index, told));
        self.has_published = true;
        let sent = self.carrier.orders.send(order).await;
        sent.map_err(|_| Trouble::NoAnswer("the gateway stops".to_owned()))
    }

    fn note(&mut self, index: usize, word: Word) {
        match word {
            Word::Decided(decision) => self.decisions[index] = Some(decision),
            Word::Lost => self.lost.push(index),
            Word::Trouble(trouble) => self.trouble = Some(trouble),
            // The link is well: it has no word, and others go before it.
            Word::PutAside => {
                let record = self.messages[index].id.as_str();
                tracing::warn!(
                    record,
                    "the broker closes the connection whenever it is sent this event, it waits"
                );
            }
        }
    }

    /// The decisions, with those that have come and nobody has waited for.
    fn into_decisions(mut self) -> Vec<Option<Decision>> {
        for (index, mut told) in std::mem::take(&mut self.words) {
            if let Ok(word) = told.try_recv() {
                self.note(index, word);
            }
        }
        self.decisions
    }
}
