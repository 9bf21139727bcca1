//! Which missing records the loss records explain.
//!
//! A record that was acknowledged and never arrived is explained when a loss record of its device, boot and class, for a reason that
//! takes acknowledged records away, spans its number. A loss record explains at most as many records as it counts: of a thinned
//! track most records between the first and the last are still there. What names no device or no class explains nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use super::Loss;
use crate::device::Class;

/// Device, boot and class: the records whose numbers a span is about.
type Stream<'a> = (&'a str, u32, Class);

/// A span of numbers that ends at `last` and has `left` records to explain.
type Span = Reverse<(u32, u64)>;

/// Which of the missing records the loss records explain: as many as can be, each by one of them.
pub(super) fn explained(missing: &[(Arc<str>, Class)], losses: &[Loss]) -> HashSet<Arc<str>> {
    let mut streams: HashMap<Stream<'_>, Vec<(u32, &Arc<str>)>> = HashMap::new();
    for (id, class) in missing {
        if let Some((device, boot, seq)) = numbers(id) {
            streams.entry((device, boot, *class)).or_default().push((seq, id));
        }
    }
    let mut spans: HashMap<Stream<'_>, Vec<&Loss>> = HashMap::new();
    for loss in losses.iter().filter(|loss| loss.records_taken() > 0) {
        if let Some(stream) = stream(loss) {
            spans.entry(stream).or_default().push(loss);
        }
    }
    let of_stream = |(stream, records)| explained_in(records, spans.remove(&stream).unwrap_or_default());
    streams.into_iter().flat_map(of_stream).collect()
}

/// The same within one stream. Going up, each record is given to the span that ends first: whatever comes later can still use the
/// others, so no other choice explains more.
fn explained_in(mut records: Vec<(u32, &Arc<str>)>, mut losses: Vec<&Loss>) -> Vec<Arc<str>> {
    records.sort_unstable();
    losses.sort_by_key(|loss| Reverse(loss.first_seq));
    let (mut open, mut explained) = (BinaryHeap::<Span>::new(), Vec::new());
    for (seq, id) in records {
        while let Some(loss) = losses.pop_if(|loss| loss.first_seq <= Some(seq)) {
            open.push(Reverse((loss.last_seq.unwrap_or_default(), loss.count)));
        }
        while open.peek().is_some_and(|Reverse((last, _))| *last < seq) {
            open.pop();
        }
        if let Some(Reverse((last, left))) = open.pop() {
            explained.push(id.clone());
            if left > 1 {
                open.push(Reverse((last, left - 1)));
            }
        }
    }
    explained
}

fn stream(loss: &Loss) -> Option<Stream<'_>> {
    Some((loss.device.as_deref()?, loss.boot?, loss.class?))
}

/// Device, boot and number of a record's id; `None` for one that its device did not number.
fn numbers(id: &str) -> Option<(&str, u32, u32)> {
    let (rest, seq) = id.rsplit_once('/')?;
    let (device, boot) = rest.rsplit_once('/')?;
    Some((device, boot.parse().ok()?, seq.parse().ok()?))
}

#[cfg(test)]
mod tests;
