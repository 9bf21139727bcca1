//! The log up to a cut: what is durable by then, what is not, and what a cut makes of it.

use std::collections::BTreeMap;

use crate::Image;
use crate::call::{Call, Inode};
use crate::fate::{self, Fate};

/// A disk's log, replayed up to some call.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    /// The durable content of each file, named or not.
    contents: Vec<Vec<u8>>,
    /// The durable names.
    names: BTreeMap<String, Inode>,
    /// What came after, in order.
    pending: Vec<&'a Call>,
}

impl<'a> Replay<'a> {
    /// Before the first call on a disk that was filled from this image.
    pub fn new(image: &Image) -> Replay<'a> {
        let names = image.keys().cloned().zip(0..).collect();
        Replay { contents: image.values().cloned().collect(), names, pending: Vec::new() }
    }

    /// Goes on by one call.
    pub fn advance(&mut self, call: &'a Call) {
        match call {
            Call::Sync { inode } => self.settle(|call| call.changes() == Some(*inode)),
            Call::SyncDirectory => self.settle(|call| call.name().is_some()),
            Call::Create { inode, .. } => {
                self.contents.resize(self.contents.len().max(inode + 1), Vec::new());
                self.pending.push(call);
            }
            _ => self.pending.push(call),
        }
    }

    /// Makes the pending calls durable that the sync covers.
    fn settle(&mut self, is_covered: impl Fn(&Call) -> bool) {
        let (covered, pending) = self.pending.iter().partition::<Vec<_>, _>(|call| is_covered(call));
        self.pending = pending;
        for call in covered {
            apply(call, &mut self.contents, &mut self.names);
        }
    }

    /// Contents and names as the programs see them: whatever is durable or not.
    pub(crate) fn seen(&self) -> (Vec<Vec<u8>>, BTreeMap<String, Inode>) {
        let (mut contents, mut names) = (self.contents.clone(), self.names.clone());
        self.pending.iter().for_each(|call| apply(call, &mut contents, &mut names));
        (contents, names)
    }

    /// What is on the disk when the power goes now, and comes back.
    pub fn cut(&self, fate: Fate, rng: &mut fastrand::Rng) -> Image {
        let remains = fate::befall(fate, &self.pending, rng);
        let (mut contents, mut names) = (self.contents.clone(), self.names.clone());
        for call in &remains.calls {
            let hole = match **call {
                Call::Write { inode, at, .. } => Some((inode, contents[inode].len()..at)),
                _ => None,
            };
            apply(call, &mut contents, &mut names);
            if let Some((inode, hole)) =
                hole.filter(|(_, hole)| remains.holes_are_garbage && !hole.is_empty())
            {
                rng.fill(&mut contents[inode][hole]);
            }
        }
        if let Some((inode, garbage)) = remains.garbage {
            let content = &mut contents[inode];
            let (start, end) = (garbage.start.min(content.len()), garbage.end.min(content.len()));
            rng.fill(&mut content[start..end]);
        }
        names.into_iter().map(|(name, inode)| (name, std::mem::take(&mut contents[inode]))).collect()
    }
}

fn apply(call: &Call, contents: &mut [Vec<u8>], names: &mut BTreeMap<String, Inode>) {
    match call {
        Call::Create { name, inode } => drop(names.insert(name.clone(), *inode)),
        Call::Delete { name } => drop(names.remove(name)),
        _ => {
            if let Some(inode) = call.changes() {
                call.apply(&mut contents[inode]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
