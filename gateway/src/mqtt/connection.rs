//! The driver of one connection: moves bytes and messages between the socket, the session and the store.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use super::answering::Answering;
use super::end::End;
use super::listener::{Claim, Claims, Limits};
use super::pace::Pace;
use super::packet::{Connect, Incoming, Offer};
use super::session::Session;
use super::transport::Peer;
use super::transport::unauthenticated::Place;
use super::wire::Wire;
use crate::clock;
use crate::domain::report::DeviceId;
use crate::downlink::answers::Answers;
use crate::intake::Intake;
use crate::metrics::Metrics;
use crate::store::handle::{Stopped, Store};
use crate::store::line::DeviceLine;
use crate::store::submission::Batch;

/// How long a closing connection may take to take its last bytes.
const LINGER: Duration = Duration::from_secs(1);
/// How long a device may leave bytes for it unread before it is given up.
const UNREAD_MAX: Duration = Duration::from_secs(60);
/// Room made for each read.
const READ_BYTES: usize = 8 * 1024;
/// Messages handed to the store at once.
const BATCH_RECORDS_MAX: usize = 256;

/// What every connection of the listener gets. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) intake: Intake,
    pub(super) answers: Answers,
    pub(super) metrics: Arc<Metrics>,
    pub(super) claims: Claims,
    pub(super) stopping: CancellationToken,
    pub(super) limits: Limits,
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
        admitted = admit(&mut reader, &mut input, &mut wire, place, &shared) => admitted,
        () = shared.stopping.cancelled() => Err(End::Stopping),
    };
    match admitted {
        Ok((claim, device, connect)) => {
            let Limits { receive_maximum, packet_bytes_max, rates, .. } = shared.limits;
            tracing::debug!(%device, peer = %peer.address, transport = peer.transport.as_str(),
                certificate = peer.certificate.as_deref(), "connected");
            wire.accept(&mut out, Offer { receive_maximum, packet_bytes_max });
            shared.metrics.mqtt_connects.inc();
            let answering = Answering::new(shared.answers.clone(), device.clone());
            let session = Session::new(device, wire, &connect, shared.intake.clone(), receive_maximum, out);
            let pace = Pace::new(rates, Instant::now(), shared.metrics.clone());
            let (line, unflushed) = (Arc::default(), false);
            let driver = Driver {
                reader,
                writer,
                unflushed,
                input,
                pace,
                session,
                answering,
                line,
                claim,
                connect,
                shared,
            };
            driver.run().await
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

/// Reads the CONNECT, as long as it may take, and makes this connection the device's session.
async fn admit<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
    wire: &mut Wire,
    place: Place,
    shared: &Shared,
) -> Result<(Claim, DeviceId, Connect), End> {
    let (device, connect) = place.within(greet(reader, input, wire)).await?;
    let claim = shared.claims.claim(device.clone()).await.ok_or(End::Stopping)?;
    Ok((claim, device, connect))
}

/// Reads until the CONNECT is complete.
async fn greet<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
    wire: &mut Wire,
) -> Result<(DeviceId, Connect), End> {
    loop {
        match wire.read(input)? {
            Some(Incoming::Connect(connect)) => {
                let device = DeviceId::parse(&connect.client_id).ok_or(End::ClientId)?;
                return Ok((device, connect));
            }
            Some(_) => return Err(End::Protocol),
            None => fill(reader, input).await?,
        }
    }
}

async fn fill<R: AsyncRead + Unpin>(reader: &mut R, input: &mut BytesMut) -> Result<(), End> {
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
    line: Arc<DeviceLine>,
    claim: Claim,
    connect: Connect,
    shared: Shared,
}

/// What woke the driver.
enum Wake {
    Read(Result<(), End>),
    Wrote(std::io::Result<()>),
    Store,
    Answer(Result<Option<Bytes>, Stopped>),
    /// More may be read again.
    Pace,
    Silence,
    Deaf,
    TakenOver,
    Stopping,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Driver<R, W> {
    async fn run(mut self) -> End {
        let end = match self.shared.store.attach(self.session.device().clone(), self.line.clone()).await {
            Ok(()) => self.serve().await,
            Err(_) => End::Stopping,
        };
        if end == End::Stopping {
            self.settle().await;
        }
        self.session.say_goodbye(end);
        close(&mut self.reader, &mut self.writer, self.session.out()).await;
        end
    }

    async fn serve(&mut self) -> End {
        let mut heard_at = Instant::now();
        // When the device last took something, or had nothing to take.
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
                    self.session.committed(self.line.durable());
                    if self.line.is_withheld() {
                        return End::Withheld;
                    }
                    if self.line.take_down() {
                        self.session.ring();
                    }
                }
                Wake::Answer(Ok(answer)) => self.answer("evidence", answer),
                Wake::Answer(Err(Stopped)) => return End::Stopping,
                Wake::Silence => return End::KeepAlive,
                Wake::Deaf => return End::Deaf,
                Wake::TakenOver => return End::TakenOver,
                Wake::Stopping => return End::Stopping,
            }
        }
    }

    /// Does everything that can be done without waiting for the socket.
    async fn work(&mut self) -> Result<(), End> {
        let now_ms = clock::unix_ms();
        let mut read = Ok(true);
        while matches!(read, Ok(true)) && self.session.may_read() && self.pace.may_read(Instant::now()) {
            for _ in 0..BATCH_RECORDS_MAX {
                read = self.session.read(&mut self.input, now_ms);
                if !matches!(read, Ok(true)) {
                    break;
                }
                self.pace.took_packet();
                if !self.session.may_read() || self.pace.is_spent() {
                    break;
                }
            }
            for question in self.session.take_questions() {
                let answer = self.shared.answers.time(self.session.device(), question, now_ms);
                self.answer("time", answer);
            }
            // Even when the device has gone wrong just now: what came before it is taken.
            self.submit().await?;
        }
        for id in self.session.take_done() {
            self.finish(id).await?;
        }
        read?;
        // A refusal that waits for nothing but its turn may leave at once.
        self.session.committed(self.line.durable());
        for enquiry in self.session.take_enquiries() {
            self.answering.push(enquiry);
        }
        while let Some((after, limit)) = self.session.wants() {
            let device = self.session.device().clone();
            let messages =
                self.shared.store.down_after(device, after, limit).await.map_err(|_| End::Stopping)?;
            let sent = self.session.deliver(messages, limit);
            self.shared.metrics.down_published.inc_by(sent as u64);
        }
        for id in self.session.take_done() {
            self.finish(id).await?;
        }
        Ok(())
    }

    /// Sends an answer, if one could be made and the device is there for it.
    fn answer(&mut self, kind: &str, answer: Option<Bytes>) {
        if !answer.is_some_and(|answer| self.session.answer(kind, answer)) {
            self.shared.metrics.down_answers_dropped.inc();
        }
    }

    /// The device has a message: the store may forget it.
    async fn finish(&mut self, id: i64) -> Result<(), End> {
        self.pace.was_acknowledgement();
        self.shared.metrics.down_delivered.inc();
        let device = self.session.device().clone();
        self.shared.store.down_done(device, id).await.map_err(|_| End::Stopping)
    }

    async fn submit(&mut self) -> Result<(), End> {
        let Some((first_mark, items)) = self.session.take_items() else { return Ok(()) };
        let (device, line) = (self.session.device().clone(), self.line.clone());
        self.shared.store.submit(Batch { device, line, first_mark, items }).await.map_err(|_| End::Stopping)
    }

    /// Waits for whatever comes first. Reading pauses while the session may not take more; packets that are already
    /// in the buffer go on as soon as it may.
    async fn wait(&mut self, heard_at: Instant, taken_at: Instant) -> Wake {
        let may_read = self.session.may_read();
        let resumes_at = self.pace.pauses_until();
        let paused = resumes_at.is_some();
        if self.pace.take_news() {
            tracing::info!(device = %self.session.device(), "sends more than it may in the long run, read more slowly");
        }
        let has_out = !self.session.out().is_empty() || self.unflushed;
        let silence_after = Duration::from_millis(u64::from(self.connect.keep_alive_s) * 1500);
        tokio::select! {
            biased;
            () = self.shared.stopping.cancelled() => Wake::Stopping,
            () = self.claim.lost() => Wake::TakenOver,
            () = self.line.changed() => Wake::Store,
            answer = self.answering.next() => Wake::Answer(answer),
            wrote = write(&mut self.writer, self.session.out(), &mut self.unflushed), if has_out => Wake::Wrote(wrote),
            read = fill(&mut self.reader, &mut self.input), if may_read && !paused => Wake::Read(read),
            () = time::sleep_until(resumes_at.unwrap_or(heard_at)), if may_read && paused => Wake::Pace,
            () = time::sleep_until(taken_at + UNREAD_MAX), if has_out => Wake::Deaf,
            () = time::sleep_until(heard_at + silence_after), if may_read && !paused && self.connect.keep_alive_s > 0 => Wake::Silence,
        }
    }

    /// The gateway stops: waits until what this device sent is durable, so that its acknowledgements can leave.
    async fn settle(&mut self) {
        while !self.session.is_settled() && !self.line.is_withheld() {
            self.line.changed().await;
            self.session.committed(self.line.durable());
        }
    }
}
