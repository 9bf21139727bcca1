//! The checker against made traces: it finds each way of acknowledging too early.

use super::*;
use crate::packets::{self, Version};
use crate::trace;

const DEVICE: &str = "14<TCP:[127.0.0.1:1883->127.0.0.1:5]>";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// Lines of a made trace.
fn publish(id: u16, payload: &str) -> String {
    let bytes = packets::publish(Version::V311, id, "t", payload);
    format!("1 recvfrom({DEVICE}, \"{}\", 8192, 0, NULL, NULL) = {}\n", hex(&bytes), bytes.len())
}

fn file(name: &str) -> String {
    format!("13<{}>", hex(format!("/data/patrol{name}").as_bytes()))
}

fn logged(payload: &str) -> String {
    let page = format!("....{payload}....");
    format!("2 pwrite64({}, \"{}\", {}, 0) = {}\n", file(LOG), hex(page.as_bytes()), page.len(), page.len())
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
    let steps = [sync_begins(), publish(1, "{\"a\":1}"), sync_returns("0"), logged("{\"a\":1}"), puback(1)];
    assert!(violation(&steps).contains("no sync"));
    let steps = [publish(1, "{\"a\":1}"), sync_begins(), sync_returns("0"), logged("{\"a\":1}"), puback(1)];
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
    assert!(violation(&[publish(1, "{\"a\":1}"), logged("{\"a\":1}"), other, puback(1)]).contains("no sync"));
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
fn a_message_that_is_sent_again_is_proven_by_its_first_write() {
    let again =
        [publish(1, "{\"a\":1}"), logged("{\"a\":1}"), sync(), puback(1), publish(2, "{\"a\":1}"), puback(2)];
    assert_eq!(checked(&again).proven, 2);
    let too_early =
        [publish(1, "{\"a\":1}"), publish(2, "{\"a\":1}"), logged("{\"a\":1}"), puback(2), sync(), puback(1)];
    assert_eq!((checked(&too_early).proven, checked(&too_early).violations.len()), (1, 1));
}

#[test]
fn an_ack_in_two_writes_counts_from_the_write_of_its_last_byte() {
    let pieces = [
        format!("1 writev({DEVICE}, [{{iov_base=\"\\x40\\x02\", iov_len=2}}], 1) = 2\n"),
        format!("1 writev({DEVICE}, [{{iov_base=\"\\x00\\x01\", iov_len=2}}], 1) = 2\n"),
    ];
    let before = [publish(1, "{\"a\":1}"), logged("{\"a\":1}"), pieces[0].clone(), pieces[1].clone(), sync()];
    assert!(violation(&before).contains("no sync"));
}

#[test]
fn a_sync_by_fsync_is_told() {
    let order = checked(&[format!("2 fsync({}) = 0\n", file(LOG))]);
    assert_eq!(order.fsyncs, ["/data/patrol.db-wal"]);
}
