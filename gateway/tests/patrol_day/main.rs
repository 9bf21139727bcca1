//! The patrol day: 300 reporters, 600 reports a day in the mix of the campaign, 72 hours of it without an uplink. Nothing is lost, what
//! is urgent goes first, each report is on exactly one owner's list, and the indicators are what they come to by hand.
//!
//! ```text
//! plan ─▶ fleet (frames, JSON) ─▶ gateway: intake, city, store on a disk that is killed and cut ─▶ platform (events)
//!   └───▶ fixture (by hand) ◀── figures ◀── journal
//! ```
//!
//! All parts are the real ones but for the network; the time is simulated. docs/domain/patrol-day.md says more.

#![allow(clippy::unwrap_used, reason = "a test")]

mod figures;
mod fixture;
mod fleet;
mod gateway;
mod ground;
mod plan;
mod platform;
mod staff;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use patrol_gateway::domain::report::Class;
use patrol_power_cut::fate::Fate;

use fixture::{BY_OWNER, BY_SOURCE, BY_VERDICT};
use fleet::{Message, ends_ms};
use gateway::{BATCH, Ending, Gateway};
use ground::Ground;
use plan::{DAYS, HOUR_MS, MONDAY_MS, REPORTERS, REPORTS_A_DAY, Role, Slot};
use platform::Platform;

const REPORTS: usize = DAYS * REPORTS_A_DAY;
/// Numbers 0, 7, .., 595 of each day.
const SENT_TWICE: usize = DAYS * 86;
/// Thursday, 08:00: the uplink is there again, 72 hours after it went.
const UPLINK_MS: i64 = MONDAY_MS + 72 * HOUR_MS;

/// How the gateway ends on each day, when the first report of the afternoon comes and when the first one comes again in the evening.
const ENDINGS: [[Ending; 2]; DAYS] = [
    [Ending::Killed, Ending::Closed],
    [Ending::PowerCut(Fate::Dropped), Ending::Closed],
    [Ending::Closed, Ending::PowerCut(Fate::Garbled)],
];

/// What was reported, in the order in which it first came.
#[derive(Default)]
struct Reported {
    ids: Vec<(String, Slot, i64)>,
    messages: usize,
}

impl Reported {
    fn note(&mut self, message: &Message) {
        let Some((slot, record)) = message.report else { return };
        let id = format!("{}/{}/{}", message.device, record.boot, record.seq);
        self.messages += 1;
        // A second copy comes after the first one.
        if !self.ids.iter().any(|(known, ..)| *known == id) {
            self.ids.push((id, slot, message.at_ms));
        }
    }
}

#[tokio::test]
async fn a_patrol_of_72_hours_without_uplink_loses_nothing_and_comes_to_what_it_comes_to_by_hand() {
    let started = Instant::now();
    let ground = Ground::new();
    let mut gateway = Gateway::new(&ground, MONDAY_MS);
    let mut reported = Reported::default();
    for day in 0..DAYS {
        gateway = patrol(gateway, &ground, day, &mut reported).await;
    }
    assert_eq!((reported.messages, reported.ids.len()), (REPORTS + SENT_TWICE, REPORTS));
    assert_eq!(waiting(&gateway), REPORTS as u64);
    figures::check(&gateway.city, &gateway.journal().await, "before the uplink is there");

    let mut platform = Platform::default();
    gateway = drain(gateway, &mut platform).await;
    nothing_is_lost_and_urgent_is_first(&platform, &reported);
    each_is_on_the_list_of_exactly_one_owner(&platform, &reported, &ground);
    each_is_told_with_its_time_place_and_stall(&platform, &reported);
    figures::check(&gateway.city, &gateway.journal().await, "when the platform has all of it");

    gateway = gateway.again(Ending::Closed, UPLINK_MS + HOUR_MS).await;
    for message in fleet::day(&ground, 0).iter().filter(|message| message.report.is_some()) {
        gateway.take(message).await;
    }
    assert_eq!(waiting(&gateway), 0, "Monday comes once more, and is known");
    figures::check(&gateway.city, &gateway.journal().await, "after a restart");
    summary(&platform, &reported, started);
}

/// A day: its messages, and two ends of the gateway, each while a message is on its way that its device sends again.
async fn patrol(mut gateway: Gateway, ground: &Ground, day: usize, reported: &mut Reported) -> Gateway {
    let messages = fleet::day(ground, day);
    let mut ends = ends_ms(day).into_iter().zip(ENDINGS[day]).peekable();
    for message in &messages {
        if let Some((at_ms, ending)) = ends.next_if(|(at_ms, _)| message.at_ms >= *at_ms) {
            gateway.begin(message).await;
            gateway = gateway.again(ending, at_ms).await;
        }
        reported.note(message);
        gateway.take(message).await;
    }
    assert_eq!(ends.next().map(|(at_ms, _)| at_ms), None, "the gateway has ended twice");
    gateway
}

/// The uplink is there: everything goes, batch by batch. Once the power is cut between the platform's word and its being noted.
async fn drain(mut gateway: Gateway, platform: &mut Platform) -> Gateway {
    let mut cut = false;
    loop {
        let batch = gateway.head().await;
        if batch.is_empty() {
            break;
        }
        platform.take(&batch);
        if !cut && platform.events.len() >= REPORTS / 2 {
            cut = true;
            gateway = gateway.again(Ending::PowerCut(Fate::Torn), UPLINK_MS).await;
            continue;
        }
        gateway.settle(batch, UPLINK_MS).await;
    }
    assert_eq!(platform.repeated, BATCH as usize, "one batch comes again, as its receipts were not noted");
    let snapshot = gateway.snapshot();
    assert_eq!((snapshot.accepted_kept, snapshot.journal_entries), (REPORTS as u64, REPORTS as u64));
    assert_eq!((snapshot.dead_letters, snapshot.quarantined), (0, 0));
    assert_eq!(snapshot.losses.lost.iter().sum::<u64>(), 0);
    gateway
}

fn waiting(gateway: &Gateway) -> u64 {
    gateway.snapshot().backlog[Class::Incident as usize].records
}

fn nothing_is_lost_and_urgent_is_first(platform: &Platform, reported: &Reported) {
    // By the plan, not by what the gateway took for urgent.
    let is_urgent = |slot: &Slot| matches!(slot.role(), Role::Urgent | Role::UrgentHandledLate);
    let (urgent, others): (Vec<_>, Vec<_>) = reported.ids.iter().partition(|(_, slot, _)| is_urgent(slot));
    assert_eq!((urgent.len(), others.len()), (18, 1782));
    let expected: Vec<&str> = urgent.iter().chain(&others).map(|(id, ..)| id.as_str()).collect();
    let delivered: Vec<&str> = platform.events.iter().map(|event| event.id()).collect();
    assert!(
        delivered == expected,
        "all of them, each once, the urgent ones first, else in the order of arrival"
    );
    assert_eq!(platform.events.iter().filter(|event| event.is_urgent()).count(), urgent.len());
}

fn each_is_on_the_list_of_exactly_one_owner(platform: &Platform, reported: &Reported, ground: &Ground) {
    let lists = platform.lists();
    let lengths: BTreeMap<&str, usize> = lists.iter().map(|(owner, list)| (*owner, list.len())).collect();
    assert_eq!(lengths, BTreeMap::from(BY_OWNER));
    let on_lists: BTreeSet<&str> = lists.values().flatten().copied().collect();
    let lengths_sum: usize = lengths.values().sum();
    assert_eq!((lengths_sum, on_lists.len()), (REPORTS, REPORTS), "nobody's report is on two lists");
    for (id, slot, _) in &reported.ids {
        let event = platform.event(id).unwrap();
        let grid = ground.grid_at(ground.place(*slot)).map(|grid| grid.code.as_str());
        assert_eq!((event.owner(), event.grid()), (ground.owner(*slot), grid), "{id}");
    }
}

fn each_is_told_with_its_time_place_and_stall(platform: &Platform, reported: &Reported) {
    for (id, slot, received_at_ms) in &reported.ids {
        let expected_ms = match slot.role() {
            Role::NeverAClock => *received_at_ms,
            _ => slot.found_at_ms(),
        };
        assert_eq!(platform.event(id).unwrap().at_ms(), expected_ms, "{id}");
    }
    assert_eq!(platform.count("/position_source"), BTreeMap::from(BY_SOURCE));
    assert_eq!(platform.count("/stall/verdict"), BTreeMap::from(BY_VERDICT));
    // 10 a day had no clock before noon.
    assert_eq!(platform.count("/anchor_quality"), BTreeMap::from([("gnss", 30)]));
}

/// For `--nocapture`.
fn summary(platform: &Platform, reported: &Reported, started: Instant) {
    let urgent = platform.events.iter().filter(|event| event.is_urgent()).count();
    println!("patrol day: {DAYS} days, {REPORTERS} reporters, {:.1?}", started.elapsed());
    println!("  reports sent (of them again)  {:>5} ({SENT_TWICE})", reported.messages);
    println!("  events delivered, again       {:>5} + {}", platform.events.len(), platform.repeated);
    println!("  lost, urgent first            {:>5}, {urgent}", reported.ids.len() - platform.events.len());
    for (owner, list) in platform.lists() {
        println!("  {:>5}  {owner}", list.len());
    }
    for (indicator, days) in fixture::COUNTS {
        println!("  {indicator:<16} {:>5} {:>5} {:>5}", days[0], days[1], days[2]);
    }
}
