//! What must hold whatever happens. The checks know the store, the platform's words and what went when; of the machine they
//! know nothing but what it says.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use patrol_gateway::domain::report::Class;
use patrol_gateway::domain::schedule::{Link, Policy, Reply, Side, Stream, Ticket, Word};

use super::reached::Reached;
use super::store::Store;

/// A record that was put off is not looked for so long.
const PUT_OFF: Duration = Duration::from_secs(5);

/// A batch that went, as far as the checks need it.
#[derive(Debug)]
struct Gone {
    keys: Vec<usize>,
    /// What the platform said, once that has arrived.
    reply: Option<Reply>,
    /// It was refused, and the platform had accepted something since the last burial.
    may_be_buried: bool,
}

/// The checks of one run. The first thing that does not hold is kept.
#[derive(Debug)]
pub(super) struct Checks {
    policy: Policy,
    pub(super) fault: Option<String>,
    gone: HashMap<Ticket, Gone>,
    /// Until when the platform said nothing on a record, or refused it alone.
    put_off: HashMap<usize, Duration>,
    /// Records whose order was given up: they were put off.
    out_of_order: HashSet<usize>,
    sent_before: HashSet<usize>,
    /// The last record of a device that went for the first time in a stream: (id, key).
    last_sent: HashMap<(Stream, u64), (i64, usize)>,
    quiet_until: Duration,
    accepted_since_burial: bool,
    /// Wire bytes of the present day, and those over metered links.
    spent: [u64; 2],
    day_began: Duration,
    pub(super) reached: Reached,
}

impl Checks {
    pub(super) fn new(policy: &Policy) -> Checks {
        Checks {
            policy: policy.clone(),
            fault: None,
            gone: HashMap::new(),
            put_off: HashMap::new(),
            out_of_order: HashSet::new(),
            sent_before: HashSet::new(),
            last_sent: HashMap::new(),
            quiet_until: Duration::ZERO,
            accepted_since_burial: false,
            spent: [0; 2],
            day_began: Duration::ZERO,
            reached: Reached::default(),
        }
    }

    pub(super) fn require(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds && self.fault.is_none() {
            self.fault = Some(words());
        }
    }

    /// Days are 24 hours of running time here.
    pub(super) fn tick(&mut self, now: Duration) {
        if now >= self.day_began + Duration::from_secs(24 * 3600) {
            (self.day_began, self.spent) = (now, [0; 2]);
        }
    }

    /// A batch goes.
    pub(super) fn sent(
        &mut self,
        now: Duration,
        store: &Store,
        ticket: Ticket,
        stream: Stream,
        keys: &[usize],
    ) {
        self.reached.batches += 1;
        self.reached.together += u64::from(!self.gone.is_empty());
        self.reached.backlog += u64::from(stream.side == Side::Backlog);
        let quiet_until = self.quiet_until;
        self.require(now >= quiet_until, || format!("sent at {now:?}, before {quiet_until:?}"));
        self.require(!keys.is_empty(), || "an empty batch".to_owned());
        let busy = self.busy(store);
        for key in keys {
            let record = &store.records[*key];
            self.require(!busy.contains(&(record.class, record.device)), || {
                format!("device {} of {key} is in two batches", record.device)
            });
            self.require(record.word.is_none(), || format!("{key} sent though it is settled"));
            self.require(record.class == stream.class, || format!("{key} is of another class"));
        }
        self.check_order(store, stream, keys);
        if stream.class != Class::Incident {
            self.check_incidents(now, store, &busy, stream);
        }
        self.gone.insert(ticket, Gone { keys: keys.to_vec(), reply: None, may_be_buried: false });
    }

    /// Devices that have a record under way, by class.
    fn busy(&self, store: &Store) -> HashSet<(Class, u64)> {
        let keys = self.gone.values().flat_map(|gone| &gone.keys);
        keys.map(|key| (store.records[*key].class, store.records[*key].device)).collect()
    }

    /// Of each device in order: within the batch, and after what went for the first time before.
    fn check_order(&mut self, store: &Store, stream: Stream, keys: &[usize]) {
        if stream.is_first() {
            return;
        }
        let is_newest_first =
            stream.side == Side::Backlog && self.policy.newest_first.contains(&stream.class);
        let mut in_batch: HashMap<u64, (i64, usize)> = HashMap::new();
        for key in keys.iter().copied().filter(|key| !self.out_of_order.contains(key)).collect::<Vec<_>>() {
            let record = &store.records[key];
            let (place, device) = ((record.id, key), record.device);
            if let Some(last) = in_batch.insert(device, place) {
                let holds = if is_newest_first { last.0 >= place.0 } else { last < place };
                self.require(holds, || format!("{key} of device {device} behind {last:?} in a batch"));
            }
            if self.sent_before.insert(key) && !is_newest_first {
                let last = self.last_sent.insert((stream, device), place);
                self.require(last.is_none_or(|last| last < place), || {
                    format!("{key} of device {device} goes after {last:?} in {stream:?}")
                });
            }
        }
    }

    /// Nothing else goes while an incident could.
    fn check_incidents(
        &mut self,
        now: Duration,
        store: &Store,
        busy: &HashSet<(Class, u64)>,
        stream: Stream,
    ) {
        let can_go = store.pending(Class::Incident).find(|key| {
            let is_put_off = self.put_off.get(key).is_some_and(|until| now < *until);
            !is_put_off && !busy.contains(&(Class::Incident, store.records[*key].device))
        });
        self.require(can_go.is_none(), || format!("{stream:?} goes before incident {can_go:?}"));
    }

    /// What a batch takes of the budgets.
    pub(super) fn booked(&mut self, link: Link, stream: Stream, wire_bytes: u64) {
        let [all, metered] = self.spent;
        let is_over = |max: Option<u64>, spent: u64| max.is_some_and(|max| spent + wire_bytes > max);
        let over = is_over(self.policy.budget_bytes_per_day, all)
            || link.metered && is_over(self.policy.metered_budget_bytes_per_day, metered);
        self.reached.over_budget += u64::from(over);
        self.require(!over || stream.is_first(), || {
            format!("{stream:?} overruns the budget: {all}, {metered}")
        });
        self.spent = [all + wire_bytes, metered + if link.metered { wire_bytes } else { 0 }];
    }

    /// What a stream may use of the link.
    pub(super) fn check_conditions(&mut self, link: Link, stream: Stream) {
        let is_met = self.policy.condition(stream.class).is_met(link);
        self.require(is_met, || format!("{stream:?} goes over {link:?}"));
    }

    /// An answer arrives, or none does.
    pub(super) fn answered(&mut self, now: Duration, ticket: Ticket, reply: &Reply) {
        let Some(gone) = self.gone.get_mut(&ticket) else { return };
        gone.reply = Some(reply.clone());
        let keys = gone.keys.clone();
        match reply {
            Reply::Words(words) => {
                for (key, word) in keys.iter().zip(words) {
                    if word.is_none() {
                        self.put_off(now, *key);
                    }
                }
                let said = keys.into_iter().zip(words.iter().copied()).filter(|(_, word)| word.is_some());
                let (keys, words): (Vec<usize>, Vec<Option<Word>>) = said.unzip();
                // What nothing was said on is not under way any more.
                match keys.is_empty() {
                    true => drop(self.gone.remove(&ticket)),
                    false => drop(self.gone.insert(
                        ticket,
                        Gone { keys, reply: Some(Reply::Words(words)), may_be_buried: false },
                    )),
                }
            }
            Reply::Refused if keys.len() == 1 => {
                if self.accepted_since_burial {
                    // It may be buried for it, and no other one before the platform takes something again.
                    self.accepted_since_burial = false;
                    gone.may_be_buried = true;
                } else {
                    self.put_off(now, keys[0]);
                    self.gone.remove(&ticket);
                }
            }
            Reply::Unavailable { retry_after } => {
                self.reached.asked += u64::from(retry_after.is_some());
                let wait = retry_after.unwrap_or_default().min(Duration::from_secs(3600));
                self.quiet_until = self.quiet_until.max(now + wait);
                self.gone.remove(&ticket);
            }
            _ => {
                self.reached.failed += 1;
                self.gone.remove(&ticket);
            }
        }
    }

    fn put_off(&mut self, now: Duration, key: usize) {
        self.reached.put_off += 1;
        self.put_off.insert(key, now + PUT_OFF);
        self.out_of_order.insert(key);
    }

    /// Words are to be made durable: each must be the platform's, on exactly this record, in the answer to this batch.
    pub(super) fn settling(&mut self, ticket: Ticket, words: &[(usize, Word)]) {
        let gone = self.gone.get(&ticket);
        let may_be_buried = gone.is_some_and(|gone| gone.may_be_buried);
        let answer = gone.and_then(|gone| Some((gone.keys.clone(), gone.reply.clone()?)));
        let said: HashMap<usize, Word> = match answer {
            Some((keys, Reply::Words(words))) => keys
                .iter()
                .copied()
                .zip(words.iter().copied())
                .filter_map(|(key, word)| Some((key, word?)))
                .collect(),
            Some((keys, Reply::Refused)) if may_be_buried => {
                self.reached.buried += 1;
                HashMap::from([(keys[0], Word::Rejected)])
            }
            _ => HashMap::new(),
        };
        for (key, word) in words {
            let is_said = said.get(key) == Some(word);
            self.require(is_said, || {
                format!("{key} settled as {word:?}, the platform said {:?}", said.get(key))
            });
        }
    }

    /// They are durable, or not.
    pub(super) fn settled(&mut self, ticket: Ticket, words: &[(usize, Word)], is_durable: bool) {
        let gone = self.gone.remove(&ticket);
        if is_durable {
            self.reached.settled += words.len() as u64;
            self.accepted_since_burial |= words.iter().any(|(_, word)| *word == Word::Accepted);
        } else {
            self.accepted_since_burial |= gone.is_some_and(|gone| gone.may_be_buried);
        }
    }
}
