//! What strace wrote: system calls with their place in the order of events.
//!
//! A call that is interrupted by the events of other threads is printed in two pieces, where it began and where it
//! returned; one that is not, in a single line. Each thread stands still at both ends of a call until strace has
//! printed it, so whatever one thread causes in another appears after its cause: the order of the lines can be trusted
//! for "before" and "after" across threads.

use std::collections::HashMap;
use std::path::Path;

/// A system call that has returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// What its first argument, a file descriptor, leads to: a path, `TCP:[127.0.0.1:1->127.0.0.1:2]`, ...; empty when
    /// it is not one.
    pub target: String,
    /// The bytes that went through it, as far as the result says.
    pub data: Vec<u8>,
    /// The result: negative when it failed.
    pub result: i64,
    /// Line where it began; counted from 1.
    pub began: usize,
    /// Line where it returned; equal to `began` when nothing came between.
    pub returned: usize,
}

impl Call {
    /// Whether it did what it was asked for.
    pub fn succeeded(&self) -> bool {
        self.result >= 0
    }
}

/// Reads the output of [`Strace`](crate::Strace).
///
/// # Panics
/// When the file can't be read.
pub fn read(path: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text)
}

/// Whether the tracer has written its last line: the whole process has ended.
pub fn is_complete(path: &Path, pid: u32) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().rev().any(|line| line.starts_with(&format!("{pid} ")) && line.contains(" +++ "))
}

/// Calls in the order of their return; calls that never returned are left out.
///
/// # Panics
/// When a string was cut by strace.
pub fn parse(text: &str) -> Vec<Call> {
    let mut begun: HashMap<&str, (usize, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let Some((thread, event)) = line.split_once(' ') else { continue };
        let event = event.trim_start();
        if let Some(beginning) = event.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, (line_number, beginning.to_owned()));
        } else if let Some((_, end)) =
            event.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"))
        {
            if let Some((began, beginning)) = begun.remove(thread) {
                calls.extend(call(&format!("{beginning}{end}"), began, line_number));
            }
        } else {
            calls.extend(call(event, line_number, line_number));
        }
    }
    calls
}

/// One call in one piece: `name(arguments) = result`; `None` for signals and exits.
fn call(text: &str, began: usize, returned: usize) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let result: i64 = result.split(' ').next()?.parse().ok()?;
    let mut data = strings(arguments);
    data.truncate(usize::try_from(result).unwrap_or(0));
    Some(Call { name: name.to_owned(), target: target(arguments), data, result, began, returned })
}

/// `14<TCP:[127.0.0.1:1->127.0.0.1:2]>, ...` or `13<\x2f\x74>, ...`.
fn target(arguments: &str) -> String {
    let Some((number, rest)) = arguments.split_once('<') else { return String::new() };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return String::new();
    }
    let is_socket = !rest.starts_with("\\x");
    let end = if is_socket { rest.find("]>").map(|at| at + 1) } else { rest.find('>') };
    let inside = &rest[..end.unwrap_or(rest.len())];
    if is_socket { inside.to_owned() } else { String::from_utf8_lossy(&unescape(inside)).into_owned() }
}

/// All quoted strings, one after the other.
fn strings(arguments: &str) -> Vec<u8> {
    let mut data = Vec::new();
    let mut pieces = arguments.split('"');
    pieces.next();
    while let (Some(inside), Some(after)) = (pieces.next(), pieces.next()) {
        assert!(!after.starts_with("..."), "strace cut a string; its -s must be larger");
        data.extend(unescape(inside));
    }
    data
}

/// `\x41\x42`: with -xx every byte is written so.
fn unescape(text: &str) -> Vec<u8> {
    text.split("\\x").filter_map(|hex| u8::from_str_radix(hex, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"
10 writev(14<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base="\x40\x02", iov_len=2}, {iov_base="\x00\x01", iov_len=2}], 2) = 3
11 fdatasync(13<\x2f\x77\x61\x6c> <unfinished ...>
10 recvfrom(14<TCP:[127.0.0.1:1->127.0.0.1:2]>,  <unfinished ...>
11 <... fdatasync resumed>)              = -1 EIO (Input/output error) (INJECTED)
10 <... recvfrom resumed>"\x32\x00", 8192, 0, NULL, NULL) = 2
10 --- SIGTERM {si_signo=SIGTERM} ---
12 recvfrom(14<TCP:[127.0.0.1:1->127.0.0.1:2]>, 0x7f, 8, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
11 +++ exited with 0 +++
"#;

    #[test]
    fn calls_in_two_pieces_are_put_together_and_keep_both_places() {
        let calls = parse(TRACE);
        let seen: Vec<_> =
            calls.iter().map(|call| (call.name.as_str(), call.began, call.returned, call.result)).collect();
        assert_eq!(
            seen,
            [("writev", 2, 2, 3), ("fdatasync", 3, 5, -1), ("recvfrom", 4, 6, 2), ("recvfrom", 8, 8, -1)]
        );
        assert_eq!((calls[1].target.as_str(), calls[1].succeeded()), ("/wal", false));
        assert_eq!(calls[2].target, "TCP:[127.0.0.1:1->127.0.0.1:2]");
    }

    #[test]
    fn only_the_bytes_that_went_through_count() {
        let data: Vec<_> = parse(TRACE).into_iter().map(|call| call.data).collect();
        assert_eq!(data, [vec![0x40, 2, 0], vec![], vec![0x32, 0], vec![]]);
    }
}
