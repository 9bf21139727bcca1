//! The driver of one connection: moves bytes and messages between the socket, the session and the store.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::admitting::{self, Seat};
use super::answering::Answering;
use super::end::End;
use super::listener::{Claims, Limits};
use super::pace::Pace;
use super::session::{Ask, Now, Session, Source};
use super::transport::Peer;
use super::transport::unauthenticated::Place;
use super::will::LastWill;
use super::wire::Wire;
use crate::access::Gate;
use crate::audit::Event;
use crate::clock;
use crate::downlink::answers::Answers;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::sightings::Sightings;
use crate::store::handle::{SettleError, Stopped, Store};
use crate::store::line::DeviceLine;
use crate::store::sessions::{Leaving, Parcel};
use crate::store::submission::Batch;

/// How long a closing connection may take to take its last bytes.
const LINGER: Duration = Duration::from_secs(1);
/// How long a client may leave bytes for it unread before it is given up.
const UNREAD_MAX: Duration = Duration::from_secs(60);
/// Room made for each read.
const READ_BYTES: usize = 8 * 1024;
/// Packets that are read before what they brought is handed to the store.
const READ_PACKETS: usize = 256;

/// What every connection of the listener gets. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) gate: Gate,
    pub(super) store: Store,
    pub(super) intake: Intake,
    pub(super) answers: Answers,
    pub(super) metrics: Arc<Metrics>,
    pub(super) sightings: Sightings,
    pub(super) claims: Claims,
    pub(super) stopping: CancellationToken,
    pub(super) limits: Limits,
}

impl Shared {
    /// What is true now.
    pub(super) fn now(&self) -> Now {
        Now { unix_ms: clock::unix_ms(), has_subscribers: self.store.has_subscribers() }
    }
}

/// Serves one connection to its end; it has its place among the unauthenticated until its client is known.
pub(super) async fn serve<R, W>(mut reader: R, mut writer: W, peer: Peer, place: Place, shared: Shared) -> End
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut input = BytesMut::new();
    let mut wire = Wire::new(shared.limits.packet_bytes_max);
    let mut out = BytesMut::new();
    let admitted = tokio::select! {
        admitted = admitting::admit(&mut reader, &mut input, &mut wire, &peer, place, &shared) => admitted,
        () = shared.stopping.cancelled() => Err(End::Stopping),
    };
    match admitted {
        Ok(seat) => {
            wire.accept(&mut out, seat.offer.clone());
            shared.metrics.mqtt_connects.inc();
            let (seat, session) = seat.into_session(wire, shared.intake.clone(), shared.limits, out);
            tracing::debug!(client = ?session.client(), peer = %peer.address, transport = peer.transport.as_str(),
                certificate = peer.certificate.as_deref(), "connected");
            let answering = Answering::new(shared.answers.clone(), session.device().clone());
            let pace = Pace::new(shared.limits.rates, Instant::now(), shared.metrics.clone());
            let unflushed = false;
            Driver { reader, writer, unflushed, input, pace, session, answering, seat, shared }.run().await
        }
        Err(end) => {
            wire.refuse(&mut out, end);
            // One of a crowd is given no time: it would hold its descriptor for as long.
            if end != End::Crowded {
                close(&mut reader, &mut writer, &mut out).await;
            }
            end
        }
    }
}

/// Reads what has come, whatever it is.
pub(super) async fn fill<R: AsyncRead + Unpin>(reader: &mut R, input: &mut BytesMut) -> Result<(), End> {
    if input.capacity() - input.len() < READ_BYTES / 4 {
        input.reserve(READ_BYTES);
    }
    match reader.read_buf(input).await {
        Ok(0) => Err(End::ByDevice),
        Ok(_) => Ok(()),
        Err(_) => Err(End::Socket),
    }
}

/// Writes what there is, and sees it off: TLS and WebSocket hold bytes back. May be given up at any time; `unflushed` keeps
/// whether some have still to leave.
async fn write<W>(writer: &mut W, out: &mut BytesMut, unflushed: &mut bool) -> std::io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    if !out.is_empty() {
        writer.write_buf(out).await?;
        *unflushed = true;
    }
    writer.flush().await?;
    *unflushed = false;
    Ok(())
}

/// Writes what is left, says that nothing more comes, and waits until the peer has closed too: closing at once would
/// reset the connection and take the last packet with it.
async fn close<R, W>(reader: &mut R, writer: &mut W, out: &mut BytesMut)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let farewell = async {
        writer.write_all_buf(out).await?;
        writer.shutdown().await?;
        let mut sink = [0; 1024];
        while reader.read(&mut sink).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Too late or broken: either way the connection is over.
    let _ = time::timeout(LINGER, farewell).await;
}

struct Driver<R, W> {
    reader: R,
    writer: W,
    /// The writer may hold bytes back.
    unflushed: bool,
    input: BytesMut,
    pace: Pace,
    session: Session,
    answering: Answering,
    seat: Seat,
    shared: Shared,
}

/// What woke the driver.
enum Wake {
    Read(Result<(), End>),
    Wrote(std::io::Result<()>),
    Store,
    Parcel(Parcel),
    Answer(Result<Option<Bytes>, Stopped>),
    /// More may be read again.
    Pace,
    Silence,
    Deaf,
    TakenOver,
    Revoked,
    Stopping,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Driver<R, W> {
    async fn run(mut self) -> End {
        let end = match self.attach().await {
            Ok(()) => self.serve().await,
            Err(_) => End::Stopping,
        };
        if end == End::Stopping {
            self.settle().await;
        }
        if end.is_limit() {
            self.note_limit(end.as_str());
        }
        self.session.say_goodbye(end);
        self.leave(end).await;
        close(&mut self.reader, &mut self.writer, self.session.out()).await;
        end
    }

    /// The gateway's own messages are for devices.
    async fn attach(&mut self) -> Result<(), Stopped> {
        match self.seat.principal.device() {
            Some(device) => self.shared.store.attach(device.clone(), self.seat.line.clone()).await,
            None => Ok(()),
        }
    }

    async fn serve(&mut self) -> End {
        let mut heard_at = Instant::now();
        // When the client last took something, or had nothing to take.
        let mut taken_at = heard_at;
        loop {
            if let Err(end) = self.work().await {
                return end;
            }
            if self.session.out().is_empty() && !self.unflushed {
                taken_at = Instant::now();
            }
            let unread = self.input.len();
            match self.wait(heard_at, taken_at).await {
                Wake::Read(Ok(())) => {
                    heard_at = Instant::now();
                    self.pace.read_bytes(self.input.len().saturating_sub(unread));
                }
                // Whatever it says meanwhile waits in its socket: that is not silence.
                Wake::Pace => heard_at = Instant::now(),
                Wake::Read(Err(end)) => return end,
                Wake::Wrote(Ok(_)) => taken_at = Instant::now(),
                Wake::Wrote(Err(_)) => return End::Socket,
                Wake::Store => {
                    self.session.committed(self.seat.line.durable());
                    if self.seat.line.is_withheld() {
                        return End::Withheld;
                    }
                    if self.seat.line.take_down() {
                        self.session.ring();
                    }
                }
                Wake::Parcel(parcel) => self.session.deliver(parcel, self.shared.store.now()),
                Wake::Answer(Ok(answer)) => self.answer("evidence", answer),
                Wake::Answer(Err(Stopped)) => return End::Stopping,
                Wake::Silence => return End::KeepAlive,
                Wake::Deaf => return End::Deaf,
                Wake::TakenOver => return End::TakenOver,
                Wake::Revoked => return End::NotAuthorized,
                Wake::Stopping => return End::Stopping,
            }
        }
    }

    /// Does everything that can be done without waiting for the socket.
    async fn work(&mut self) -> Result<(), End> {
        let read = self.read().await;
        for (action, topic) in self.session.take_denied() {
            let client = self.session.client().as_str();
            self.shared.gate.audit().note(Event::denied(client, action, &topic));
        }
        self.finish_done().await?;
        read?;
        // A refusal that waits for nothing but its turn may leave at once.
        self.session.committed(self.seat.line.durable());
        for enquiry in self.session.take_enquiries() {
            self.answering.push(enquiry);
        }
        self.fetch().await?;
        self.session.send_waiting(self.shared.store.now());
        self.finish_done().await
    }

    /// Reads packets as long as there are some and the session takes them. Even when the client has gone wrong just now, what came
    /// before that is taken.
    async fn read(&mut self) -> Result<(), End> {
        let now = self.shared.now();
        let mut read = Ok(true);
        while matches!(read, Ok(true)) && self.session.may_read() && self.pace.may_read(Instant::now()) {
            for _ in 0..READ_PACKETS {
                read = self.session.read(&mut self.input, now);
                if !matches!(read, Ok(true)) {
                    break;
                }
                self.pace.took_packet();
                if !self.session.may_read() || self.pace.is_spent() {
                    break;
                }
            }
            for question in self.session.take_questions() {
                let answer = self.shared.answers.time(self.session.device(), question, now.unix_ms);
                self.answer("time", answer);
            }
            self.submit().await?;
            if let Some(ask) = self.session.take_ask() {
                self.ask(ask).await?;
            }
        }
        read.map(|_| ())
    }

    async fn submit(&mut self) -> Result<(), End> {
        for handover in self.session.take_handovers() {
            match (&handover.mapped, handover.items.first()) {
                (Some((topic, payload)), Some(item)) => {
                    self.shared.sightings.note_mapped(&handover.device, topic, payload, item);
                }
                _ if self.seat.principal.device().is_some() => {
                    self.shared.sightings.note(&handover.device, &handover.items);
                }
                _ => {}
            }
            let batch = Batch {
                device: handover.device,
                line: self.seat.line.clone(),
                first_mark: handover.first_mark,
                items: handover.items,
            };
            self.shared.store.submit(batch).await.map_err(|_| End::Stopping)?;
        }
        Ok(())
    }

    async fn ask(&mut self, ask: Ask) -> Result<(), End> {
        let (store, client) = (&self.shared.store, self.session.client().clone());
        let generation = self.seat.opened.generation;
        match ask {
            Ask::Subscribe(subscribing) => {
                let asked = subscribing.asked();
                let answers = store.subscribe(client, generation, asked).await.map_err(no_room)?;
                self.session.subscribed(subscribing, answers, self.shared.store.now());
            }
            Ask::Unsubscribe { packet_id, filters } => {
                let asked = filters.iter().flatten().cloned().collect();
                let existed = store.unsubscribe(client, generation, asked).await.map_err(no_room)?;
                self.session.unsubscribed(packet_id, &filters, existed);
            }
        }
        Ok(())
    }

    /// Fetches what the store has for the client, as far as there is room for it.
    async fn fetch(&mut self) -> Result<(), End> {
        let (store, now) = (&self.shared.store, self.shared.store.now());
        let mut sent = 0;
        while let Some((after, limit)) = self.session.wants_down() {
            let device = self.session.device().clone();
            let messages = store.down_after(device, after, limit).await.map_err(|_| End::Stopping)?;
            sent += self.session.deliver_down(messages, limit, now);
        }
        while let Some((after, limit)) = self.session.wants_queued() {
            let client = self.session.client().clone();
            let messages = store.queued_after(client, after, limit).await.map_err(|_| End::Stopping)?;
            sent += self.session.deliver_queued(messages, limit, now);
        }
        self.shared.metrics.down_published.inc_by(sent as u64);
        Ok(())
    }

    /// The client is done with messages: the store may forget them.
    async fn finish_done(&mut self) -> Result<(), End> {
        for source in self.session.take_done() {
            let store = &self.shared.store;
            let told = match source {
                Source::Here => continue,
                Source::Down(id) => store.down_done(self.session.device().clone(), id).await,
                Source::Queued(id) => store.queued_done(self.session.client().clone(), id).await,
            };
            self.pace.was_acknowledgement();
            self.shared.metrics.down_delivered.inc();
            told.map_err(|_| End::Stopping)?;
        }
        Ok(())
    }

    /// Tells the audit log that the client has come to a limit.
    fn note_limit(&self, limit: &'static str) {
        let client = Some(self.session.client().as_str().to_owned());
        let peer = Some(self.seat.peer);
        self.shared.gate.audit().note(Event::LimitHit { limit, client, peer });
    }

    /// Sends an answer, if one could be made and the device is there for it.
    fn answer(&mut self, kind: &str, answer: Option<Bytes>) {
        let now = self.shared.store.now();
        if !answer.is_some_and(|answer| self.session.answer(kind, answer, now)) {
            self.shared.metrics.down_answers_dropped.inc();
        }
    }

    /// Waits for whatever comes first. Reading pauses while the session may not take more; packets that are already
    /// in the buffer go on as soon as it may.
    async fn wait(&mut self, heard_at: Instant, taken_at: Instant) -> Wake {
        let may_read = self.session.may_read();
        let takes_parcels = self.session.takes_parcels();
        let resumes_at = self.pace.pauses_until();
        let paused = resumes_at.is_some();
        if self.pace.take_news() {
            tracing::info!(client = ?self.session.client(), "sends more than it may in the long run, read more slowly");
            self.note_limit("rate");
        }
        let has_out = !self.session.out().is_empty() || self.unflushed;
        let keep_alive_s = self.seat.keep_alive_s;
        let silence_after = Duration::from_millis(u64::from(keep_alive_s) * 1500);
        tokio::select! {
            biased;
            () = self.shared.stopping.cancelled() => Wake::Stopping,
            () = self.seat.claim.lost() => Wake::TakenOver,
            () = self.seat.revoked.cancelled() => Wake::Revoked,
            () = self.seat.line.changed() => Wake::Store,
            answer = self.answering.next() => Wake::Answer(answer),
            wrote = write(&mut self.writer, self.session.out(), &mut self.unflushed), if has_out => Wake::Wrote(wrote),
            parcel = next(&mut self.seat.opened.mailbox), if takes_parcels => Wake::Parcel(parcel),
            read = fill(&mut self.reader, &mut self.input), if may_read && !paused => Wake::Read(read),
            () = time::sleep_until(resumes_at.unwrap_or(heard_at)), if may_read && paused => Wake::Pace,
            () = time::sleep_until(taken_at + UNREAD_MAX), if has_out => Wake::Deaf,
            () = time::sleep_until(heard_at + silence_after), if may_read && !paused && keep_alive_s > 0 => Wake::Silence,
        }
    }

    /// The gateway stops: waits until what this client sent is durable, so that its acknowledgements can leave.
    async fn settle(&mut self) {
        while !self.session.is_settled() && !self.seat.line.is_withheld() {
            self.seat.line.changed().await;
            self.session.committed(self.seat.line.durable());
        }
    }

    /// Leaves the session, and what is to be published of it now or later. When the store has stopped, so has all of it.
    async fn leave(&mut self, end: End) {
        let leaving = Leaving {
            client: self.session.client().clone(),
            generation: self.seat.opened.generation,
            expiry_s: self.session.new_expiry_s(),
            sent_to: self.session.sent_to(),
        };
        let _ = self.shared.store.leave_session(leaving).await;
        let will = self.session.take_will();
        // That the gateway goes says nothing about its clients.
        let Some(will) = will.filter(|_| end != End::Stopping) else { return };
        let delay_s = will.delay_s.min(self.session.expiry_s());
        let last = LastWill { owner: self.seat.owner(), will };
        if delay_s == 0 {
            let _ = self.shared.store.submit(last.into_batch(&self.shared.intake, self.shared.now())).await;
        } else if end != End::TakenOver {
            let due = Instant::now() + Duration::from_secs(delay_s.into());
            self.shared.claims.hold(due, last).await;
        }
    }
}

/// The next message from the mailbox; never, when nobody puts anything there any more.
async fn next(mailbox: &mut mpsc::Receiver<Parcel>) -> Parcel {
    match mailbox.recv().await {
        Some(parcel) => parcel,
        None => std::future::pending().await,
    }
}

fn no_room(error: SettleError) -> End {
    match error {
        SettleError::Unsettled(_) => End::Withheld,
        SettleError::Stopped(_) => End::Stopping,
    }
}

/// Where the store says how far it got.
pub(super) type Line = Arc<DeviceLine>;
