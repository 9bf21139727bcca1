//! Carries records into a stream: all messages of a batch at once, then their acknowledgements.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use futures_core::Stream;
use tokio::sync::Mutex;
use tokio::time;

use super::SetupError;
use super::acks::{self, Word, Words};
use super::link::{Link, Plan};
use super::message::{OutMessage, subject};
use crate::config::Uplink;
use crate::domain::coordinates::Coordinates;
use crate::domain::report::Class;
use crate::store::settlement::Pending;
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};
use crate::uplink::cloudevent;

/// A batch is given up when nothing at all was heard for this share of the time-out: a stream that lost its leader drops what it
/// is sent, and says nothing.
const SILENCE_SHARE: u32 = 3;
/// After so many batches in a row on which nothing at all was heard, another connection is made.
const SILENT_BATCHES: u32 = 2;

/// Carries events into a stream of NATS JetStream.
pub struct NatsCarrier {
    gateway_id: String,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
    plan: Plan,
    timeout: Duration,
    /// The client, from the first batch on. Locked while it is looked at or made.
    link: Mutex<Option<Arc<Link>>>,
    /// Batches in a row on which nothing was heard.
    silent_batches: AtomicU32,
}

/// A batch: messages for one subject.
#[derive(Debug)]
pub struct MessageBatch {
    subject: String,
    messages: Vec<OutMessage>,
    wire_bytes: usize,
}

impl NatsCarrier {
    /// Carries the events of `gateway_id` to the cluster of `uplink`; devices send positions in the systems of `coordinates`. Reads
    /// the files that the configuration names, and connects to nobody yet. `random` spreads its attempts to connect.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(
        uplink: &Uplink,
        gateway_id: String,
        coordinates: Coordinates,
        random: fastrand::Rng,
    ) -> Result<NatsCarrier, SetupError> {
        Ok(NatsCarrier {
            plan: Plan::new(uplink, &gateway_id, random)?,
            gateway_id,
            coordinates,
            timeout: uplink.timeout,
            link: Mutex::new(None),
            silent_batches: 0.into(),
        })
    }

    /// The client. Connects when there is none.
    async fn link(&self) -> Result<Arc<Link>, Trouble> {
        let mut held = self.link.lock().await;
        if let Some(link) = held.as_ref() {
            return Ok(Arc::clone(link));
        }
        let link = Arc::new(self.plan.connect().await?);
        *held = Some(Arc::clone(&link));
        Ok(link)
    }

    /// Publishes a batch and hears what is said on it; `heard` says whether anything was.
    async fn deliver(&self, batch: MessageBatch, heard: &AtomicBool) -> Result<Answer, Trouble> {
        let link = self.link().await?;
        let mut follower = link.follow()?;
        let inbox = link.client.new_inbox();
        let Ok(mut acks) = link.client.subscribe(format!("{inbox}.*")).await else {
            return Err(self.ended().await);
        };
        let mut words = Words::of(batch.messages.len());
        tokio::select! {
            biased;
            trouble = follower.trouble() => return Err(trouble),
            published = publish(&link, &inbox, &batch.subject, batch.messages, &mut words) => {
                if published.is_err() {
                    return Err(self.ended().await);
                }
            }
        }
        while !words.are_complete() {
            tokio::select! {
                biased;
                message = next(&mut acks) => match message {
                    Some(message) => hear(&mut words, &batch.subject, &message),
                    None => return Err(self.ended().await),
                },
                trouble = follower.trouble() => return Err(trouble),
                () = time::sleep(self.timeout / SILENCE_SHARE) => return Err(Trouble::Deadline),
            }
            heard.store(true, Relaxed);
        }
        Ok(Answer { decisions: words.decisions()?, wire_bytes: batch.wire_bytes })
    }

    /// The client has ended, which it does only in error: the next batch makes another one.
    async fn ended(&self) -> Trouble {
        *self.link.lock().await = None;
        Trouble::NoAnswer("the client has ended".into())
    }

    /// A batch has missed its deadline; when it is not the first one in a row on which nothing was heard, the connection is dead.
    async fn late(&self, heard: bool) {
        if heard {
            return self.silent_batches.store(0, Relaxed);
        }
        if self.silent_batches.fetch_add(1, Relaxed) + 1 < SILENT_BATCHES {
            return;
        }
        self.silent_batches.store(0, Relaxed);
        let mut held = self.link.lock().await;
        if let Some(link) = held.as_ref()
            && !link.renew().await
        {
            // It is stuck in a write, and ends by its pings. What it still has goes out soon after, if ever: the stream knows it then.
            *held = None;
        }
    }
}

impl Carrier for NatsCarrier {
    type Parcel = MessageBatch;

    fn pack(&self, records: &[&Pending], room: Room) -> Packed<MessageBatch> {
        let (mut messages, mut wire_bytes) = (Vec::new(), 0);
        for Pending { record, anchor, .. } in records.iter().take(room.records) {
            let event = cloudevent::event(&self.gateway_id, self.coordinates, record, *anchor);
            let message = OutMessage::of(&event);
            if !messages.is_empty() && wire_bytes + message.wire_bytes() > room.bytes {
                break;
            }
            wire_bytes += message.wire_bytes();
            messages.push(message);
        }
        let class = records.first().map_or(Class::Incident, |first| first.record.class);
        let subject = subject(&self.gateway_id, class);
        Packed { records: messages.len(), wire_bytes, parcel: MessageBatch { subject, messages, wire_bytes } }
    }

    async fn send(&self, batch: MessageBatch) -> Result<Answer, Trouble> {
        let heard = AtomicBool::new(false);
        let sent = time::timeout(self.timeout, self.deliver(batch, &heard)).await;
        let sent = sent.unwrap_or(Err(Trouble::Deadline));
        match sent {
            Err(Trouble::Deadline) => self.late(heard.into_inner()).await,
            _ => self.silent_batches.store(0, Relaxed),
        }
        sent
    }
}

/// Publishes the messages, each with its place in the batch as the end of its reply subject. What the server would close the
/// connection for is not sent.
async fn publish(
    link: &Link,
    inbox: &str,
    subject: &str,
    messages: Vec<OutMessage>,
    words: &mut Words,
) -> Result<(), async_nats::PublishError> {
    let payload_bytes_max = link.client.max_payload();
    for (index, OutMessage { headers, data, payload_bytes }) in messages.into_iter().enumerate() {
        if payload_bytes > payload_bytes_max {
            let reason =
                format!("{payload_bytes} bytes, and the server takes {payload_bytes_max} (max_payload)");
            words.note(index, Word::Never(reason));
            continue;
        }
        let (subject, reply) = (subject.to_owned(), format!("{inbox}.{index}"));
        link.client.publish_with_reply_and_headers(subject, reply, headers, data).await?;
    }
    Ok(())
}

/// Notes what was said on a message.
fn hear(words: &mut Words, subject: &str, message: &Message) {
    let Some(index) = message.subject.rsplit('.').next().and_then(|token| token.parse().ok()) else { return };
    let word = match message.status {
        Some(StatusCode::NO_RESPONDERS) => acks::no_stream(subject),
        _ => acks::read(&message.payload),
    };
    words.note(index, word);
}

async fn next(messages: &mut Subscriber) -> Option<Message> {
    std::future::poll_fn(|cx| Pin::new(&mut *messages).poll_next(cx)).await
}
