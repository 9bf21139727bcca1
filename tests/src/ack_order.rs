//! The checker of G1: no PUBACK leaves before the sync of its message has returned.
//!
//! For each PUBACK that is written to a device, it finds in the trace
//! 1. the read that brought the PUBLISH, to its last byte;
//! 2. after that read, a write of the message's bytes to the write-ahead log;
//! 3. after that write, the beginning of an `fdatasync` of the log that returned 0;
//! 4. after that return, the beginning of the write that carries the PUBACK.
//!
//! Whatever is missing is a violation. A message that crosses a page of the database is in two pieces there: one of its
//! halves must be whole, so a payload has to be shorter than a page and unique in both halves. Of the classes that are packed
//! and compressed nobody finds the bytes: for these any write to the log after the read counts, which still finds an
//! acknowledgement before the sync. The others go the same
//! way through the writer.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::packet_reader::{self, CONNECT, Framed, PUBACK, Publish};
use crate::trace::Call;

/// Ending of the write-ahead log's name.
const LOG: &str = ".db-wal";

/// Endings of the topics whose messages are compressed before they are written.
const PACKED: [&str; 3] = ["/telemetry", "/reading", "/status"];

/// What the trace has shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AckOrder {
    /// PUBACKs that left after the sync of their message.
    pub proven: usize,
    /// PUBACKs that did not, each with the reason.
    pub violations: Vec<String>,
    /// Syncs of the log by `fdatasync` that succeeded.
    pub log_syncs: usize,
    /// Calls of `fsync` on the database or its log, by what they met; there should be none.
    pub fsyncs: Vec<String>,
}

/// Checks every PUBACK that left through the MQTT port `mqtt`. Needs the calls that read, write and sync.
pub fn check(calls: &[Call], mqtt: SocketAddr) -> AckOrder {
    let syncs: Vec<_> = calls.iter().filter(|call| is_log_sync(call)).collect();
    let writes: Vec<_> =
        calls.iter().filter(|call| call.name.starts_with("pwrite") && call.target.ends_with(LOG)).collect();
    let evidence = Evidence { syncs, writes };
    let is_fsync = |call: &&Call| call.name == "fsync" && call.target.contains("patrol.db");
    let fsyncs = calls.iter().filter(is_fsync).map(|call| call.target.clone()).collect();
    let mut order = AckOrder { log_syncs: evidence.syncs.len(), fsyncs, ..AckOrder::default() };
    for ack in acks(calls, mqtt) {
        match evidence.holds_for(&ack) {
            Ok(()) => order.proven += 1,
            Err(reason) => order.violations.push(reason),
        }
    }
    order
}

fn is_log_sync(call: &Call) -> bool {
    call.name == "fdatasync" && call.target.ends_with(LOG) && call.succeeded()
}

/// A PUBACK and what it acknowledges.
struct Ack {
    packet_id: u16,
    /// Line where the write that carries it began.
    written: usize,
    /// The PUBLISH and the line where the read of its last byte returned; `None` when there was none.
    publish: Option<(Publish, usize)>,
}

struct Evidence<'a> {
    syncs: Vec<&'a Call>,
    writes: Vec<&'a Call>,
}

impl Evidence<'_> {
    fn holds_for(&self, ack: &Ack) -> Result<(), String> {
        let Ack { packet_id, written, publish } = ack;
        let named = |reason: &str| format!("PUBACK {packet_id} in line {written}: {reason}");
        let Some((publish, read)) = publish else { return Err(named("no PUBLISH came before it")) };
        let (first, second) = publish.payload.split_at(publish.payload.len() / 2);
        let is_packed = PACKED.iter().any(|class| publish.topic.ends_with(class));
        let carries = |call: &&&Call| {
            let is_there = || contains(&call.data, first) || contains(&call.data, second);
            call.began > *read && (is_packed || is_there())
        };
        let Some(logged) = self.writes.iter().find(carries) else {
            return Err(named(&format!("its message, read in line {read}, was never written to the log")));
        };
        let synced = |call: &&&Call| call.began > logged.returned && call.returned < *written;
        if self.syncs.iter().any(|call| synced(&call)) {
            return Ok(());
        }
        let logged = logged.returned;
        Err(named(&format!(
            "no sync of the log began after line {logged}, where its message was written, and returned before"
        )))
    }
}

fn contains(data: &[u8], piece: &[u8]) -> bool {
    !piece.is_empty() && data.windows(piece.len()).any(|window| window == piece)
}

/// One direction of a connection, cut into packets; each comes with the line of the call that brought its last byte.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
}

impl Stream {
    fn feed(&mut self, data: &[u8]) -> Vec<Framed> {
        self.bytes.extend_from_slice(data);
        let mut complete = Vec::new();
        while let Some(packet) = packet_reader::next(&self.bytes) {
            self.bytes.drain(..packet.len);
            complete.push(packet);
        }
        complete
    }
}

/// A device's connection as the trace shows it.
#[derive(Default)]
struct Connection {
    incoming: Stream,
    outgoing: Stream,
    is_v5: bool,
    unanswered: HashMap<u16, VecDeque<(Publish, usize)>>,
}

impl Connection {
    fn read(&mut self, call: &Call) {
        for packet in self.incoming.feed(&call.data) {
            if packet.first == CONNECT {
                self.is_v5 = packet_reader::level(&packet) == 5;
            } else if let Some(publish) = Publish::read(&packet, self.is_v5) {
                self.unanswered.entry(publish.packet_id).or_default().push_back((publish, call.returned));
            }
        }
    }

    fn write(&mut self, call: &Call) -> Vec<Ack> {
        // A longer PUBACK carries a reason: MQTT 5 refuses by it.
        let acks = self.outgoing.feed(&call.data);
        let acks = acks.into_iter().filter(|packet| packet.first == PUBACK && packet.body.len() == 2);
        acks.map(|packet| {
            let packet_id = u16::from_be_bytes([packet.body[0], packet.body[1]]);
            let publish = self.unanswered.get_mut(&packet_id).and_then(VecDeque::pop_front);
            Ack { packet_id, written: call.began, publish }
        })
        .collect()
    }
}

/// Every PUBACK on every connection of the port, with its PUBLISH. A read counts when it returned, a write when it began.
fn acks(calls: &[Call], mqtt: SocketAddr) -> Vec<Ack> {
    let own = format!("TCP:[{mqtt}->");
    let mut connections: HashMap<&str, Connection> = HashMap::new();
    let mut acks = Vec::new();
    for call in calls.iter().filter(|call| call.succeeded() && call.target.starts_with(&own)) {
        let connection = connections.entry(&call.target).or_default();
        match call.name.as_str() {
            "read" | "readv" | "recvfrom" | "recvmsg" => connection.read(call),
            "write" | "writev" | "sendto" | "sendmsg" => acks.extend(connection.write(call)),
            _ => {}
        }
    }
    acks
}

#[cfg(test)]
mod tests;
