//! The register's file: one line a card.
//!
//! | column | |
//! |---|---|
//! | `card` | its number, up to 64 visible characters; needed |
//! | `open` | hours, `17:00-21:00`, several apart by `;`; needed |
//! | `crs` | `wgs84` or `cgcs2000`; needed |
//! | `lon`, `lat`, `radius_m` | the pitch as a circle, or else |
//! | `area` | the pitch as a polygon: `104.398 31.127;104.399 31.127;...` |
//! | `days` | days of the week, 1 is Monday: `1-5,7`; every day without |
//! | `valid_from`, `valid_until` | first and last day, `2026-01-31` |
//! | `codes` | case codes that the card is about, `event:0501`, several apart by `;` |
//! | `holder`, `name` | a pseudonym, and what the stall is called |

use jiff::civil::Date;

use super::{REGISTER_BYTES_MAX, STALLS_MAX, Stall, StallRegister};
use crate::domain::area::{Area, CORNERS_MAX, RADIUS_MAX_M};
use crate::domain::csv::{BadCell, Csv, NotText, Row};
use crate::domain::rules::pattern::CodePattern;
use crate::domain::timetable::{SPANS_MAX, Span, Timetable, Weekdays};

/// Characters of a card's number, a holder's pseudonym and a stall's name.
const TEXT_CHARS_MAX: usize = 64;
/// Case codes of a card.
const CODES_MAX: usize = 32;
/// Bad cells that are told one by one.
const TOLD_MAX: usize = 50;

/// Why a file is no stall register. The one in force stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StallRegisterError {
    /// It is not text.
    #[error(transparent)]
    NotText(#[from] NotText),
    /// It is too large.
    #[error("{found} bytes; a register has at most {REGISTER_BYTES_MAX}")]
    TooLarge {
        /// Its size in bytes.
        found: usize,
    },
    /// The head line lacks columns.
    #[error("line 1: the head line has no column {}", columns.join(", "))]
    NoColumn {
        /// Those that are missing.
        columns: Vec<&'static str>,
    },
    /// More than [`STALLS_MAX`] lines.
    #[error("more than {STALLS_MAX} stalls")]
    TooMany,
    /// There is a head line and nothing below it: no city takes all its cards away at once.
    #[error("the register has no line with a card")]
    NoCard,
    /// Cells that can't be used: correct every line of the message.
    #[error("{}{}", lines(cells), more(*left_out))]
    Refused {
        /// The first of them, in order.
        cells: Vec<BadCell>,
        /// How many more there are.
        left_out: usize,
    },
}

fn lines(cells: &[BadCell]) -> String {
    cells.iter().map(BadCell::to_string).collect::<Vec<_>>().join("\n")
}

fn more(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!("\nand {left_out} more") }
}

impl StallRegister {
    /// Reads a register.
    ///
    /// # Errors
    /// [`StallRegisterError`], with everything that is wrong.
    pub fn from_csv(bytes: &[u8]) -> Result<StallRegister, StallRegisterError> {
        if bytes.len() > REGISTER_BYTES_MAX {
            return Err(StallRegisterError::TooLarge { found: bytes.len() });
        }
        let csv = Csv::read(bytes)?;
        let columns = Columns::of(&csv)?;
        let version = format!("stalls@{:08x}", crc32c::crc32c(bytes));
        let mut register = StallRegister { version, ..StallRegister::default() };
        let mut bad = Vec::new();
        for (index, row) in csv.rows().enumerate() {
            if index == STALLS_MAX {
                return Err(StallRegisterError::TooMany);
            }
            let mut cells = Cells { columns: &columns, row: &row, bad: &mut bad };
            if let Some((card, stall)) = stall(&mut cells) {
                if register.stalls.contains_key(&*card) {
                    cells.refuse("card", "a card that no other line has");
                }
                register.stalls.insert(card, stall);
            }
        }
        if bad.is_empty() && register.is_empty() {
            return Err(StallRegisterError::NoCard);
        }
        if bad.is_empty() {
            return Ok(register);
        }
        let left_out = bad.len().saturating_sub(TOLD_MAX);
        bad.truncate(TOLD_MAX);
        Err(StallRegisterError::Refused { cells: bad, left_out })
    }
}

/// Where the columns stand that are there.
struct Columns(Vec<(&'static str, usize)>);

const COLUMNS: [&str; 13] = [
    "card",
    "open",
    "crs",
    "lon",
    "lat",
    "radius_m",
    "area",
    "days",
    "valid_from",
    "valid_until",
    "codes",
    "holder",
    "name",
];

impl Columns {
    fn of(csv: &Csv<'_>) -> Result<Columns, StallRegisterError> {
        let columns = Columns(COLUMNS.iter().filter_map(|name| Some((*name, csv.column(name)?))).collect());
        let circle = ["card", "open", "crs", "lon", "lat", "radius_m"];
        let needed = if columns.at("area").is_some() { &circle[..3] } else { &circle };
        match needed.iter().copied().filter(|name| columns.at(name).is_none()).collect::<Vec<_>>() {
            missing if missing.is_empty() => Ok(columns),
            columns => Err(StallRegisterError::NoColumn { columns }),
        }
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, at)| *at)
    }
}

/// One line on its way.
struct Cells<'a> {
    columns: &'a Columns,
    row: &'a Row,
    bad: &'a mut Vec<BadCell>,
}

impl Cells<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        self.row.cell(self.columns.at(column)?)
    }

    fn refuse(&mut self, column: &'static str, expected: &str) {
        let found = self.text(column).map(str::to_owned);
        self.bad.push(BadCell { line: self.row.line, column, expected: expected.to_owned(), found });
    }

    /// A cell that may be empty; `None` when it is refused.
    fn optional<T>(
        &mut self,
        column: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let Some(text) = self.text(column) else { return Some(None) };
        let value = read(text);
        if value.is_none() {
            self.refuse(column, expected);
        }
        value.map(Some)
    }

    /// A cell that must hold something.
    fn needed<T>(
        &mut self,
        column: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.optional(column, expected, read)?;
        if value.is_none() {
            self.refuse(column, expected);
        }
        value
    }
}

fn stall(cells: &mut Cells<'_>) -> Option<(Box<str>, Stall)> {
    const TEXT: &str = "1 to 64 visible characters";
    const DATE: &str = "a date, such as 2026-01-31";
    let card = cells.needed("card", TEXT, text);
    let crs = cells.needed("crs", "wgs84 or cgcs2000; convert other coordinates first", |crs| {
        matches!(crs, "wgs84" | "cgcs2000").then_some(())
    });
    let pitch = pitch(cells);
    let spans = cells.needed("open", "hours such as 17:00-21:00, up to 8 of them apart by \";\"", spans);
    let days = cells.optional("days", "days of the week, 1 is Monday, such as 1-5,7", Weekdays::parse);
    let valid_from = cells.optional("valid_from", DATE, date);
    let valid_until = cells.optional("valid_until", DATE, date);
    if let (Some(Some(from)), Some(Some(until))) = (valid_from, valid_until)
        && until < from
    {
        cells.refuse("valid_until", "a day that is not before valid_from");
    }
    let codes = cells.optional("codes", CodePattern::EXPECTED, codes);
    let (holder, name) = (cells.optional("holder", TEXT, text), cells.optional("name", TEXT, text));
    crs?;
    let hours = Timetable { days: days?.unwrap_or(Weekdays::ALL), spans: spans? };
    let (holder, name, codes) = (holder?, name?, codes?.unwrap_or_default());
    let (valid_from, valid_until) = (valid_from?, valid_until?);
    Some((card?, Stall { holder, name, pitch: pitch?, hours, codes, valid_from, valid_until }))
}

/// A circle, or a polygon.
fn pitch(cells: &mut Cells<'_>) -> Option<Area> {
    let corners = format!("3 to {CORNERS_MAX} corners \"lon lat\", apart by \";\", in degrees");
    if let Some(area) = cells.optional("area", &corners, polygon)? {
        return Some(area);
    }
    const LON: &str = "degrees of longitude, -180 to 180";
    const LAT: &str = "degrees of latitude, -90 to 90";
    let lon_deg = cells.needed("lon", LON, |text| number(text, -180.0, 180.0));
    let lat_deg = cells.needed("lat", LAT, |text| number(text, -90.0, 90.0));
    let metres = format!("metres, above 0 and up to {RADIUS_MAX_M}");
    let radius_m = cells
        .needed("radius_m", &metres, |text| number(text, 0.0, RADIUS_MAX_M).filter(|radius| *radius > 0.0));
    Area::circle(lon_deg?, lat_deg?, radius_m?)
}

fn polygon(text: &str) -> Option<Area> {
    let corner = |text: &str| {
        let (lon_deg, lat_deg) = text.trim().split_once(' ')?;
        Some((number(lon_deg, -180.0, 180.0)?, number(lat_deg.trim(), -90.0, 90.0)?))
    };
    let corners = text.split(';').map(corner).take(CORNERS_MAX + 2).collect::<Option<Vec<_>>>()?;
    Area::polygon(&corners)
}

fn number(text: &str, min: f64, max: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (min..=max).contains(number))
}

fn text(text: &str) -> Option<Box<str>> {
    let fits = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

fn spans(text: &str) -> Option<Vec<Span>> {
    let spans = text.split(';').map(|span| Span::parse(span.trim())).collect::<Option<Vec<_>>>()?;
    (spans.len() <= SPANS_MAX).then_some(spans)
}

fn codes(text: &str) -> Option<Vec<CodePattern>> {
    let codes = text.split(';').map(|code| CodePattern::parse(code.trim())).collect::<Option<Vec<_>>>()?;
    (codes.len() <= CODES_MAX).then_some(codes)
}

fn date(text: &str) -> Option<Date> {
    // jiff reads more forms than one; a file has one.
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}
