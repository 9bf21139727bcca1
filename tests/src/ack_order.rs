//! The checker of G1: no PUBACK leaves before the sync of its message has returned.
//!
//! For each PUBACK that is written to a device, it finds in the trace
//! 1. the read that brought the PUBLISH, to its last byte;
//! 2. after that read, a write of the message's bytes to the write-ahead log;
//! 3. after that write, the beginning of an `fdatasync` of the log that returned 0;
//! 4. after that return, the beginning of the write that carries the PUBACK.
//!
//! Whatever is missing is a violation. A message that crosses a page of the database is in two pieces there: one of its
//! halves must be whole, so a payload has to be shorter than a page and unique in both halves.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::packets::{self, CONNECT, PUBACK, Publish};
use crate::trace::Call;

/// Ending of the write-ahead log's name.
const LOG: &str = ".db-wal";

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
        let carries = |call: &&&Call| {
            call.began > *read && (contains(&call.data, first) || contains(&call.data, second))
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
    fn feed(&mut self, data: &[u8]) -> Vec<packets::Packet> {
        self.bytes.extend_from_slice(data);
        let mut complete = Vec::new();
        while let Some(packet) = packets::next(&self.bytes) {
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
                self.is_v5 = packets::level(&packet) == 5;
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
mod tests {
    use super::*;
    use crate::trace;

    const DEVICE: &str = "14<TCP:[127.0.0.1:1883->127.0.0.1:5]>";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    /// Lines of a made trace.
    fn publish(id: u16, payload: &str) -> String {
        let bytes = packets::publish("t", id, payload.as_bytes());
        format!("1 recvfrom({DEVICE}, \"{}\", 8192, 0, NULL, NULL) = {}\n", hex(&bytes), bytes.len())
    }

    fn file(name: &str) -> String {
        format!("13<{}>", hex(format!("/data/patrol{name}").as_bytes()))
    }

    fn logged(payload: &str) -> String {
        let page = format!("....{payload}....");
        format!(
            "2 pwrite64({}, \"{}\", {}, 0) = {}\n",
            file(LOG),
            hex(page.as_bytes()),
            page.len(),
            page.len()
        )
    }

    fn sync_begins() -> String {
        format!("2 fdatasync({} <unfinished ...>\n", file(LOG))
    }

    fn sync_returns(result: &str) -> String {
        format!("2 <... fdatasync resumed>) = {result}\n")
    }

    fn sync() -> String {
        format!("2 fdatasync({}) = 0\n", file(LOG))
    }

    fn puback(id: u8) -> String {
        format!("1 writev({DEVICE}, [{{iov_base=\"\\x40\\x02\\x00\\x{id:02x}\", iov_len=4}}], 1) = 4\n")
    }

    fn checked(lines: &[String]) -> AckOrder {
        check(&trace::parse(&lines.concat()), SocketAddr::from(([127, 0, 0, 1], 1883)))
    }

    fn violation(lines: &[String]) -> String {
        let order = checked(lines);
        assert_eq!((order.proven, order.violations.len()), (0, 1), "{order:?}");
        order.violations[0].clone()
    }

    #[test]
    fn an_ack_after_its_sync_is_proven() {
        let (first, second) = (publish(1, "{\"first\"}"), publish(2, "{\"second\"}"));
        let logs = [logged("{\"first\"}"), logged("{\"second\"}")];
        let order =
            checked(&[first, second, logs.concat(), sync_begins(), sync_returns("0"), puback(1), puback(2)]);
        assert_eq!(order, AckOrder { proven: 2, log_syncs: 1, ..AckOrder::default() });
    }

    #[test]
    fn an_ack_before_the_sync_has_returned_is_found() {
        let said = violation(&[
            publish(1, "{\"a\":1}"),
            logged("{\"a\":1}"),
            sync_begins(),
            puback(1),
            sync_returns("0"),
        ]);
        assert!(said.contains("PUBACK 1 in line 4"), "{said}");
    }

    #[test]
    fn an_ack_after_a_sync_that_began_before_its_message_was_written_is_found() {
        let steps =
            [sync_begins(), publish(1, "{\"a\":1}"), sync_returns("0"), logged("{\"a\":1}"), puback(1)];
        assert!(violation(&steps).contains("no sync"));
        let steps =
            [publish(1, "{\"a\":1}"), sync_begins(), sync_returns("0"), logged("{\"a\":1}"), puback(1)];
        assert!(violation(&steps).contains("no sync"));
    }

    #[test]
    fn an_ack_after_a_sync_that_failed_is_found() {
        let failed = sync_returns("-1 EIO (Input/output error) (INJECTED)");
        let steps = [publish(1, "{\"a\":1}"), logged("{\"a\":1}"), sync_begins(), failed, puback(1)];
        assert!(violation(&steps).contains("no sync"));
    }

    #[test]
    fn an_ack_after_a_sync_of_another_file_is_found() {
        let other = format!("2 fdatasync({}) = 0\n", file(".db"));
        assert!(
            violation(&[publish(1, "{\"a\":1}"), logged("{\"a\":1}"), other, puback(1)]).contains("no sync")
        );
    }

    #[test]
    fn an_ack_for_a_message_that_never_reached_the_log_is_found() {
        let steps = [publish(1, "{\"a\":1}"), logged("{\"b\":2}"), sync(), puback(1)];
        assert!(violation(&steps).contains("never written"));
    }

    #[test]
    fn an_ack_without_a_message_or_for_the_same_message_twice_is_found() {
        assert!(violation(&[puback(1)]).contains("no PUBLISH"));
        let order = checked(&[publish(1, "{\"a\":1}"), logged("{\"a\":1}"), sync(), puback(1), puback(1)]);
        assert_eq!((order.proven, order.violations.len()), (1, 1));
    }

    #[test]
    fn an_ack_in_two_writes_counts_from_the_write_of_its_last_byte() {
        let pieces = [
            format!("1 writev({DEVICE}, [{{iov_base=\"\\x40\\x02\", iov_len=2}}], 1) = 2\n"),
            format!("1 writev({DEVICE}, [{{iov_base=\"\\x00\\x01\", iov_len=2}}], 1) = 2\n"),
        ];
        let before =
            [publish(1, "{\"a\":1}"), logged("{\"a\":1}"), pieces[0].clone(), pieces[1].clone(), sync()];
        assert!(violation(&before).contains("no sync"));
    }

    #[test]
    fn a_sync_by_fsync_is_told() {
        let order = checked(&[format!("2 fsync({}) = 0\n", file(LOG))]);
        assert_eq!(order.fsyncs, ["/data/patrol.db-wal"]);
    }
}
