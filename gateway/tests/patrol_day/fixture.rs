//! What the three days must come to, counted by hand from the plan. No line of the gateway was asked for a number in here.
//!
//! # The mix of codes
//!
//! 64,000 : 31,000 : 8,000 : 600 : 60, together 103,660. Three days are 1800 reports; 18 are emergencies, which no campaign
//! plans; 1782 are shared out by largest remainder (one report is 58.171 of the mix):
//!
//! | code | share | whole | remainder | of 1782 | Monday, Tuesday, Wednesday |
//! |---|---|---|---|---|---|
//! | 2101 | 64,000 | 1100 | .212 | 1100 | 367, 367, 366 |
//! | 0501 | 31,000 | 532 | .915 (first) | 533 | 178, 178, 177 |
//! | 0506 | 8,000 | 137 | .527 (second) | 138 | 46, 46, 46 |
//! | 0201 | 600 | 10 | .314 | 10 | 3, 3, 4 |
//! | 2104 | 60 | 1 | .031 | 1 | 0, 0, 1 |
//!
//! In the plan of a day, by crews of 60: 0501 is all of crew 8 (60), crews 5 and 6 up to cycle 51 (2 x 52), crew 9 up to cycle 13
//! (14), together 178; on Wednesday crew 9 one less. 0506 is crew 7 up to cycle 45 (46), 0201 the next 3 (Wednesday 4), 2104 the one
//! after (Wednesday). Emergencies are crew 1 in cycles 2, 12, 22, 32, 42, 52, 0401 and 0403 in turn (3 and 3). The rest is 2101:
//! crews 0, 2, 3, 4 (240), crew 1 (54), crews 5 and 6 from cycle 52 (16), crew 7 (11), crew 9 (46), together 367.
//!
//! # The indicators of a day
//!
//! - witnesses: crew 6 in cycles 0, 5, .., 55: 12. findings: 600 - 12 = 588.
//! - unassigned: crew 1 in cycles 4, 24, 44: 3. ambiguous: cycles 3, 13, .., 53: 6. assigned: 600 - 3 - 6 = 591.
//! - urgent: 6.
//! - joint: the 6 emergencies, wherever and whenever; 4 stalls on roads after 17:00; on Monday also the umbrellas in the three grids
//!   of joint enforcement, which are those of reporters 0, 1 and 2, twice each: 6. So 16, 10, 10. A stall that shows a good card is
//!   quiet, and none of the market is near a road.
//! - cross_boundary, findings only: crew 3 in grids of nobody (60), the ambiguous ones (6), those at the office, whose grid is
//!   nobody's (3): 69. The 12 witnesses are away from home too, and no findings. The market crew is at home everywhere.
//! - self_handled: crew 0 but for cycle 59, which proves nothing (59), and one emergency: 60.
//! - in_time: crew 0 (59), 20 minutes after a limit of three working days began.
//! - unjudged: the clock that nobody set (2), the one that never was (2): 4.
//! - time_unknown: 2. time_untrusted: 2. back_stamped: crew 7 in cycles 0, 3, .., 27, before noon: 10.
//!
//! # Late and open on Friday at 13:00
//!
//! Emergencies have two hours: all 6 are late, the one that was handled after three hours too. Everything else has 3WD, 24 working hours.
//!
//! - Monday's end by Thursday, 18:00: late are 588 - 59 in time - 4 unjudged = 525. Open: 0.
//! - Tuesday's end on Friday at the time of day when they began. Before noon: 300 - 6 witnesses - 30 in time - 2 unjudged = 262
//!   are late, 3 emergencies among them. After noon: the other 3 emergencies are late, and open are 300 - 6 - 29 in time
//!   - 2 unjudged - 3 = 260. So late 265, open 260.
//! - Wednesday's end on Monday: late are the 6 emergencies, open 588 - 59 - 4 - 6 = 519.

/// Counts by indicator: Monday, Tuesday, Wednesday.
pub(crate) const COUNTS: [(&str, [u64; 3]); 19] = [
    ("reports", [600, 600, 600]),
    ("events", [600, 600, 600]),
    ("components", [0, 0, 0]),
    ("findings", [588, 588, 588]),
    ("witnesses", [12, 12, 12]),
    ("assigned", [591, 591, 591]),
    ("ambiguous", [6, 6, 6]),
    ("unassigned", [3, 3, 3]),
    ("urgent", [6, 6, 6]),
    ("joint", [16, 10, 10]),
    ("cross_boundary", [69, 69, 69]),
    ("self_handled", [60, 60, 60]),
    ("in_time", [59, 59, 59]),
    ("late", [525, 265, 6]),
    ("open", [0, 260, 519]),
    ("unjudged", [4, 4, 4]),
    ("time_unknown", [2, 2, 2]),
    ("time_untrusted", [2, 2, 2]),
    ("back_stamped", [10, 10, 10]),
];

/// Numerator, denominator, and their quotient to four decimals.
type Rate = (u64, u64, f64);

/// Rates by indicator: Monday, Tuesday, Wednesday.
pub(crate) const RATES: [(&str, [Rate; 3]); 4] = [
    ("attributed_rate", [(591, 600, 0.985), (591, 600, 0.985), (591, 600, 0.985)]),
    ("cross_boundary_rate", [(69, 588, 0.1173), (69, 588, 0.1173), (69, 588, 0.1173)]),
    ("self_handled_rate", [(60, 588, 0.102), (60, 588, 0.102), (60, 588, 0.102)]),
    // 59 + 525, 59 + 265, 59 + 6
    ("in_time_rate", [(59, 584, 0.101), (59, 324, 0.1821), (59, 65, 0.9077)]),
];

/// Reports by code, three days: the table of the mix, and 3 + 3 emergencies a day.
pub(crate) const BY_CODE: [(&str, u64); 7] =
    [("0201", 10), ("0401", 9), ("0403", 9), ("0501", 533), ("0506", 138), ("2101", 1100), ("2104", 1)];

/// Reports by street, three days. Of a day, by the home grids of the reporters, two reports each:
///
/// | street | grids | reporters | x 2 | crew 3 leaves (2 each) | outside | office | market | roads | a day |
/// |---|---|---|---|---|---|---|---|---|---|
/// | 旌阳 001 | 0-79 | 80 | 160 | -16 | -1 | -1 | | +3 | 145 |
/// | 旌东 004 | 80-140 | 61 | 122 | -12 | | | -4 | | 106 |
/// | 八角井 006 | 141-220 | 80 | 160 | -16 | -1 | -1 | | +1 | 143 |
/// | 东湖 009 | 221-239 | 19 | 38 | -4 | | | +6 | | 40 |
/// | 孝感 011 | 240-319 | 60 | 120 | -12 + 60 | -1 | -1 + 3 | -2 | -4 | 163 |
/// | none | | | | | +3 | | | | 3 |
///
/// The market's 8 reports lie in 东湖; its reporters' beats are 4 x 旌东, 2 x 东湖, 2 x 孝感. The roads' reporters are all of 孝感.
pub(crate) const BY_STREET: [(&str, u64); 6] = [
    ("", 9),
    ("510603001", 435),
    ("510603004", 318),
    ("510603006", 429),
    ("510603009", 120),
    ("510603011", 489),
];

/// How long each owner's list is: the streets above without emergencies, which go to the professional authority. Those are found twice
/// a day by reporters 21 (旌阳), 121 (旌东) and 221 (东湖); 旌东 belongs to 经开大队, the other two to 旌阳大队.
pub(crate) const BY_OWNER: [(&str, usize); 8] = [
    ("旌阳街道综合执法中队", 429),     // 3 x (145 - 2)
    ("旌东街道综合执法中队", 312),     // 3 x (106 - 2)
    ("八角井街道综合执法中队", 429),   // 3 x 143
    ("东湖街道综合执法中队", 114),     // 3 x (40 - 2)
    ("孝感街道综合执法中队", 489),     // 3 x 163
    ("市城管执法局旌阳大队", 12),      // 3 x (2 + 2)
    ("市城管执法局经开大队", 6),       // 3 x 2
    ("德阳市城市运行管理服务中心", 9), // 3 x 3, outside the map
];

/// Where positions come from: 30 a day by car, 3 by the office.
pub(crate) const BY_SOURCE: [(&str, usize); 3] = [("device", 1701), ("site", 9), ("vehicle", 90)];

/// The word on stalls: 2, 1, 1 and 4 a day.
pub(crate) const BY_VERDICT: [(&str, usize); 4] =
    [("licensed", 12), ("out_of_hours", 6), ("out_of_pitch", 3), ("unknown_card", 3)];

/// Ranks of November: rank, card, total, days, assessments. A good evening is +1 four times, a stall out of hours -2, out of its pitch
/// -3; a day's score lies between -12 and 3.
///
/// | card | Monday | Tuesday | Wednesday | total |
/// |---|---|---|---|---|
/// | DY-2207 | -2 + 4 = 2 | -2 | -2 | -2, 5 + 1 + 1 assessments |
/// | DY-2208 | -2 - 3 = -5 | -5 + 4 = -1 | -5 | -11, 2 + 6 + 2 |
/// | DY-2209 | | | 4, of which 3 count | 3, 4 |
pub(crate) const RANKS: [(u32, &str, i64, u32, u32); 3] =
    [(1, "DY-2209", 3, 1, 4), (2, "DY-2207", -2, 3, 7), (3, "DY-2208", -11, 3, 10)];

/// The second card's days: day, score, points, assessments.
pub(crate) const DAYS_OF_DY_2208: [(&str, i64, i64, u32); 3] =
    [("2026-11-23", -5, -5, 2), ("2026-11-24", -1, -1, 6), ("2026-11-25", -5, -5, 2)];
