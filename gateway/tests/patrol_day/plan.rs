//! Who reports what, where and when: the same plan on each of the three days, with nothing left to chance.
//!
//! 600 reports a day, one every 48 s: numbers 0 to 299 from 08:00, 300 to 599 from 14:00. Reporter `n % 300` makes it, who patrols
//! the grid of that number. The last digit of the number is the reporter's crew, the rest the cycle (0 to 59); crew and cycle
//! say what is special about a report, and nothing is special in two ways, so that everything can be counted by hand.

use Role::{
    Ambiguous, AtTheOffice, Clear, Crossing, Disproved, FreeRunningClock, InACar, NeverAClock, NoClockYet,
    OnARoad, Outside, SelfHandled, Stall, Urgent, UrgentHandledLate, Witness,
};

pub(crate) const DAYS: usize = 3;
pub(crate) const REPORTS_A_DAY: usize = 600;
pub(crate) const REPORTERS: usize = 300;

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// Monday, 23 November 2026, 08:00 by China's clock: the uplink goes, and people begin.
pub(crate) const MONDAY_MS: i64 = 1_795_392_000_000;
/// Between two reports.
const EVERY_MS: i64 = 48_000;
/// The afternoon begins at 14:00.
const AFTERNOON_MS: i64 = 6 * HOUR_MS;

/// A pitch of the night market, 38 m from the next one.
const PITCHES: [(f64, f64); 3] = [(104.398, 31.127), (104.398_4, 31.127), (104.398_8, 31.127)];
/// Their cards.
pub(crate) const CARDS: [&str; 3] = ["DY-2207", "DY-2208", "DY-2209"];
/// A card that nobody has given out.
pub(crate) const UNKNOWN_CARD: &str = "DY-9999";
/// 100 m north of the second pitch.
const ASTRAY: (f64, f64) = (104.398_4, 31.127_9);
/// Three places on 庐山路, and where it meets 岷江路, the third point of joint enforcement; hundreds of metres apart.
const ON_ROADS: [(f64, f64); 4] =
    [(104.392_125, 31.1), (104.392_4, 31.111), (104.392_5, 31.115), (104.393, 31.130_4)];

/// The register of this test: three cards, 17:00-21:00 every day.
pub(crate) const REGISTER: &str = "card,lon,lat,radius_m,crs,open\n\
                                   DY-2207,104.398,31.127,6,wgs84,17:00-21:00\n\
                                   DY-2208,104.3984,31.127,6,wgs84,17:00-21:00\n\
                                   DY-2209,104.3988,31.127,6,wgs84,17:00-21:00\n";

/// One report of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    /// 0 is Monday.
    pub(crate) day: usize,
    /// From 0 to 599.
    pub(crate) number: usize,
}

/// What is special about a report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// Nothing.
    Clear,
    /// Photos of before, and of after 20 minutes later.
    SelfHandled,
    /// The photo of after was taken before the one of before: it proves nothing.
    Disproved,
    /// An emergency.
    Urgent,
    /// One that its finder has handled three hours later; there are two.
    UrgentHandledLate,
    /// 80 m of accuracy, 39 m at most from an edge.
    Ambiguous,
    /// Where the map does not reach.
    Outside,
    /// No position at all: it is where the gateway is.
    AtTheOffice,
    /// By a clock that nobody set right.
    FreeRunningClock,
    /// In a grid that is nobody's home.
    Crossing,
    /// No position of its own: it is where the car is that carries the reporter.
    InACar,
    /// Of what the reporter before has just reported, 20 m away.
    Witness,
    /// The handheld does not know the time until noon.
    NoClockYet,
    /// Nor later.
    NeverAClock,
    /// A stall that shows this card there.
    Stall {
        /// The card.
        card: &'static str,
        /// Where it stands.
        at: (f64, f64),
    },
    /// A stall without a card, in the evening, on a road of joint enforcement.
    OnARoad((f64, f64)),
}

/// All reports in order.
pub(crate) fn slots() -> impl Iterator<Item = Slot> {
    (0..DAYS).flat_map(|day| (0..REPORTS_A_DAY).map(move |number| Slot { day, number }))
}

impl Slot {
    pub(crate) fn reporter(self) -> usize {
        self.number % REPORTERS
    }

    fn crew(self) -> usize {
        self.number % 10
    }

    fn cycle(self) -> usize {
        self.number / 10
    }

    /// When it is found, in milliseconds since 1970.
    pub(crate) fn found_at_ms(self) -> i64 {
        let round = if self.number < REPORTERS { 0 } else { AFTERNOON_MS };
        MONDAY_MS + self.day as i64 * DAY_MS + round + self.reporter() as i64 * EVERY_MS
    }

    pub(crate) fn role(self) -> Role {
        match (self.crew(), self.cycle()) {
            (0, 59) => Disproved,
            (0, _) => SelfHandled,
            (1, 2) => UrgentHandledLate,
            (1, 12 | 22 | 32 | 42 | 52) => Urgent,
            (1, 3 | 13 | 23 | 33 | 43 | 53) => Ambiguous,
            (1, 4 | 24 | 44) => Outside,
            (1, 5 | 25 | 45) => AtTheOffice,
            (2, 7 | 37) => FreeRunningClock,
            (3, _) => Crossing,
            (4, cycle) if cycle % 2 == 0 => InACar,
            (6, cycle) if cycle % 5 == 0 => Witness,
            (7, 1 | 31) => NeverAClock,
            (7, cycle) if cycle < 30 && cycle % 3 == 0 => NoClockYet,
            (8, 10) => Stall { card: CARDS[0], at: PITCHES[0] },
            (8, 11) => Stall { card: CARDS[1], at: PITCHES[1] },
            (8, 40) => Stall { card: CARDS[1], at: ASTRAY },
            (8, 41) => Stall { card: UNKNOWN_CARD, at: ASTRAY },
            // The first pitch on Monday, the second on Tuesday, the third on Wednesday.
            (8, 52..=55) => Stall { card: CARDS[self.day], at: PITCHES[self.day] },
            (8, cycle @ 56..=59) => OnARoad(ON_ROADS[cycle - 56]),
            _ => Clear,
        }
    }

    /// The case code; how many there are of each stands in the fixture.
    pub(crate) fn code(self) -> &'static str {
        let wednesday = self.day == 2;
        match (self.crew(), self.cycle()) {
            (1, 2 | 22 | 42) => "0401",
            (1, 12 | 32 | 52) => "0403",
            (5 | 6, ..52) | (8, _) => "0501",
            (9, cycle) if cycle < if wednesday { 13 } else { 14 } => "0501",
            (7, ..46) => "0506",
            (7, 46..=48) => "0201",
            (7, 49) if wednesday => "0201",
            (7, 50) if wednesday => "2104",
            _ => "2101",
        }
    }

    /// JSON instead of a frame.
    pub(crate) fn is_json(self) -> bool {
        self.crew() == 9
    }

    /// One in seven is sent twice.
    pub(crate) fn is_sent_twice(self) -> bool {
        self.number.is_multiple_of(7)
    }

    /// The number of the grid that it is found in, unless its role names another place.
    pub(crate) fn beat(self) -> usize {
        match self.role() {
            // The 20 grids from 300 on are nobody's home.
            Crossing => REPORTERS + self.cycle() % 20,
            Witness => self.reporter() - 1,
            _ => self.reporter(),
        }
    }
}

/// The grid where a reporter belongs; the market crew belongs to the whole city.
pub(crate) fn home(reporter: usize) -> Option<usize> {
    (reporter % 10 != 8).then_some(reporter)
}

/// The car that carries a reporter: one for each of the 15 with the numbers 4, 24, 44, ...
pub(crate) fn car(reporter: usize) -> Option<usize> {
    (reporter % 20 == 4).then_some(reporter / 20)
}
