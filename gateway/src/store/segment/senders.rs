//! Who sent the records of a block: a table of senders, and how far each of them has counted.

use std::collections::HashMap;
use std::sync::Arc;

use super::{identity_from_parts, identity_parts};
use crate::domain::report::{DeviceId, Identity};
use crate::domain::varint;
use crate::store::record::is_gateway_name;

/// A device, and the gateway that took its records when it was not this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sender {
    pub(super) gateway: Option<Arc<str>>,
    pub(super) device: DeviceId,
}

impl Sender {
    fn put(&self, out: &mut Vec<u8>) {
        for name in [self.gateway.as_deref().unwrap_or_default(), self.device.as_str()] {
            out.push(name.len() as u8); // names have 32 bytes at most
            out.extend_from_slice(name.as_bytes());
        }
    }

    fn take(input: &mut &[u8]) -> Option<Sender> {
        let gateway = take_name(input)?;
        let device = DeviceId::parse(take_name(input)?)?;
        let gateway = match gateway {
            "" => None,
            name => Some(is_gateway_name(name).then(|| name.into())?),
        };
        Some(Sender { gateway, device })
    }
}

fn take_name<'a>(input: &mut &'a [u8]) -> Option<&'a str> {
    let (&len, rest) = input.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(len))?;
    *input = rest;
    std::str::from_utf8(name).ok()
}

/// The senders of a block that is being filled.
#[derive(Default)]
pub(super) struct SenderTable {
    /// The senders as they are written, in the order in which they came.
    names: Vec<u8>,
    indexes: HashMap<Sender, usize>,
    counters: Vec<Counter>,
    /// The sender of the last record: records of one sender mostly come in runs.
    last: Option<(Sender, usize)>,
}

impl SenderTable {
    /// The sender's place in the table, and its counter.
    pub(super) fn entry(&mut self, device: &DeviceId, gateway: Option<&Arc<str>>) -> (usize, &mut Counter) {
        let index = match &self.last {
            Some((last, index)) if last.device == *device && last.gateway.as_ref() == gateway => *index,
            _ => self.look_up(Sender { gateway: gateway.cloned(), device: device.clone() }),
        };
        (index, &mut self.counters[index])
    }

    fn look_up(&mut self, sender: Sender) -> usize {
        let index = self.indexes.get(&sender).copied().unwrap_or_else(|| {
            sender.put(&mut self.names);
            self.counters.push(Counter::default());
            self.indexes.insert(sender.clone(), self.counters.len() - 1);
            self.counters.len() - 1
        });
        self.last = Some((sender, index));
        index
    }

    /// Bytes of the names.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        varint::put(out, self.counters.len() as u64);
        out.extend_from_slice(&self.names);
    }

    pub(super) fn clear(&mut self) {
        self.names.clear();
        self.indexes.clear();
        self.counters.clear();
        self.last = None;
    }

    /// Reads the senders of a block.
    pub(super) fn take(input: &mut &[u8]) -> Option<Vec<Sender>> {
        let count = varint::take(input)?;
        let mut senders = Vec::new();
        for _ in 0..count {
            senders.push(Sender::take(input)?);
        }
        Some(senders)
    }
}

/// How far a sender has counted within a block: most records have the number after its last one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counter {
    /// Origin and boot or run of its last record.
    source: Option<(u8, u64)>,
    next: i64,
}

impl Counter {
    /// Writes how far the number is from the expected one, doubled; plus one when a source follows because it is another than
    /// before.
    pub(super) fn put(&mut self, identity: Identity, out: &mut Vec<u8>) {
        let (origin, major, minor) = identity_parts(identity);
        let is_new = self.source != Some((origin, major));
        if is_new {
            *self = Counter { source: Some((origin, major)), next: 0 };
        }
        let step = varint::zigzag(i64::from(minor) - self.next);
        varint::put(out, step << 1 | u64::from(is_new));
        if is_new {
            out.push(origin);
            varint::put(out, major);
        }
        self.next = i64::from(minor) + 1;
    }

    /// Reads the sender's next identity.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Option<Identity> {
        let token = varint::take(input)?;
        if token & 1 == 1 {
            let (&origin, rest) = input.split_first()?;
            *input = rest;
            *self = Counter { source: Some((origin, varint::take(input)?)), next: 0 };
        }
        let (origin, major) = self.source?;
        let minor = self.next.checked_add(varint::unzigzag(token >> 1))?;
        self.next = minor.checked_add(1)?;
        identity_from_parts(origin, major, u32::try_from(minor).ok()?)
    }
}
