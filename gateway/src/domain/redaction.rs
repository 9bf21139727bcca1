//! What a person who looks for a fault may see of a payload: its structure and its figures, without who and exactly where.
//!
//! - Values of fields that name a person, a vehicle or a secret, and free text, are masked whole, whatever they hold.
//! - In any other value, digits in runs of [`words::DIGITS_MAX`] and more are masked (telephone numbers, card numbers), and
//!   license plates.
//! - Numbers keep three decimals; a coordinate written as a whole number keeps its first five digits.
//! - The payload may be cut off anywhere. What is neither text in quotes nor a number nor a word of JSON is shown as `?`.
//!
//! It reads letters, not JSON: a payload that is nearly JSON is what a technician most wants to see.

mod words;

use std::str::Chars;

use self::words::{MASK, figure, shown};

/// Parts of names, in small letters and without separators, whose values are masked.
const PRIVATE: [&str; 29] = [
    "operator",
    "officer",
    "user",
    "person",
    "driver",
    "owner",
    "name",
    "phone",
    "mobile",
    "sim",
    "imsi",
    "iccid",
    "imei",
    "idcard",
    "idnumber",
    "plate",
    "license",
    "licence",
    "vehicleno",
    "stallcard",
    "descr",
    "note",
    "remark",
    "comment",
    "address",
    "password",
    "token",
    "secret",
    "auth",
];
/// Parts of names whose values are coordinates.
const COORDINATE: [&str; 4] = ["lat", "lon", "lng", "coord"];
/// Containers that are followed; deeper ones count as what the last of them is.
const DEPTH_MAX: usize = 64;

/// The text of a payload, redacted.
pub fn redacted(text: &str) -> String {
    let mut writer = Writer { rest: text.chars(), out: String::new(), levels: Vec::new(), key: Kind::Plain };
    while let Some(letter) = writer.rest.clone().next() {
        writer.letter(letter);
    }
    writer.out
}

/// Plain text, redacted: a topic.
pub fn redacted_text(text: &str) -> String {
    shown(Kind::Plain, text)
}

/// What is wrong with a payload, redacted: it begins with the name of a field, and quotes what stood there.
pub fn redacted_detail(detail: &str) -> String {
    match detail.split_once(':') {
        Some((field, _)) if Kind::of(field) == Kind::Private => format!("{}: {MASK}", redacted_text(field)),
        _ => redacted_text(detail),
    }
}

/// What a value is by the name of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Private,
    Coordinate,
    Plain,
}

impl Kind {
    fn of(name: &str) -> Kind {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        let name: String = letters.flat_map(char::to_lowercase).collect();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if has(&PRIVATE) {
            Kind::Private
        } else if has(&COORDINATE) {
            Kind::Coordinate
        } else {
            Kind::Plain
        }
    }
}

/// A container around the place.
struct Level {
    /// What everything in it is.
    kind: Kind,
    /// It is an object, and a name comes next.
    at_name: bool,
    is_object: bool,
}

struct Writer<'a> {
    rest: Chars<'a>,
    out: String,
    levels: Vec<Level>,
    /// What the value is that comes next.
    key: Kind,
}

impl Writer<'_> {
    fn letter(&mut self, letter: char) {
        match letter {
            '"' => self.string(),
            '{' | '[' => self.open(letter),
            '}' | ']' => self.close(letter),
            ',' => {
                if let Some(level) = self.levels.last_mut() {
                    level.at_name = level.is_object;
                    self.key = level.kind;
                }
                self.keep(letter);
            }
            ':' => {
                if let Some(level) = self.levels.last_mut() {
                    level.at_name = false;
                }
                self.keep(letter);
            }
            _ if letter.is_whitespace() => self.keep(letter),
            _ => self.bare(),
        }
    }

    fn keep(&mut self, letter: char) {
        self.rest.next();
        self.out.push(letter);
    }

    fn open(&mut self, letter: char) {
        let is_object = letter == '{';
        if self.levels.len() < DEPTH_MAX {
            self.levels.push(Level { kind: self.key, at_name: is_object, is_object });
        }
        self.keep(letter);
    }

    fn close(&mut self, letter: char) {
        self.levels.pop();
        self.key = self.levels.last().map_or(Kind::Plain, |level| level.kind);
        self.keep(letter);
    }

    /// A text in quotes: a name, or a value.
    fn string(&mut self) {
        let text = self.quoted();
        let outer = self.levels.last().map_or(Kind::Plain, |level| level.kind);
        if self.levels.last().is_some_and(|level| level.at_name) {
            let own = Kind::of(&text);
            // Everything within something private is private.
            self.key = if outer == Kind::Private || own == Kind::Plain { outer } else { own };
            self.quote(&shown(Kind::Plain, &text));
        } else {
            self.quote(&shown(self.key, &text));
            if Kind::of(&text) == Kind::Private {
                self.key = Kind::Private; // a name whose colon is missing
            }
        }
    }

    fn quote(&mut self, text: &str) {
        self.out.push('"');
        self.out.push_str(&text.replace(['"', '\\'], "?"));
        self.out.push('"');
    }

    /// The text up to the closing quote, its escapes read.
    fn quoted(&mut self) -> String {
        self.rest.next();
        let mut text = String::new();
        while let Some(letter) = self.rest.next() {
            match letter {
                '"' => break,
                '\\' => match self.rest.next() {
                    Some('u') => {
                        let digits: String = self.rest.by_ref().take(4).collect();
                        let letter = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                        text.push(letter.unwrap_or('?'));
                    }
                    Some('n' | 'r' | 't' | 'b' | 'f') => text.push(' '),
                    Some(letter) => text.push(letter),
                    None => {}
                },
                letter => text.push(letter),
            }
        }
        text
    }

    /// A number, a word of JSON, or nothing that JSON has.
    fn bare(&mut self) {
        let ends = |letter: &char| letter.is_whitespace() || ",:{}[]\"".contains(*letter);
        let word: String = self.rest.clone().take_while(|letter| !ends(letter)).collect();
        for _ in word.chars() {
            self.rest.next();
        }
        match word.as_str() {
            _ if self.key == Kind::Private => self.out.push_str(MASK),
            "true" | "false" | "null" => self.out.push_str(&word),
            number if number.parse::<f64>().is_ok_and(f64::is_finite) => {
                self.out.push_str(&figure(self.key, number))
            }
            _ => self.out.push('?'),
        }
    }
}

#[cfg(test)]
mod tests;
