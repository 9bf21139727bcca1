//! What a person who looks for a fault may see of a payload: its structure and its figures, without who and exactly where.
//!
//! - Values of fields that name a person, a vehicle or a secret, and free text, are masked whole, whatever they hold.
//! - In any other value, digits in runs of [`DIGITS_MAX`] and more are masked (telephone numbers, card numbers), and
//!   license plates.
//! - Numbers keep three decimals; a coordinate written as a whole number keeps its first five digits.
//! - The payload may be cut off anywhere. What is neither text in quotes nor a number nor a word of JSON is shown as `?`.
//!
//! It reads letters, not JSON: a payload that is nearly JSON is what a technician most wants to see.

use std::str::Chars;

/// Digits in a row from which they are masked.
const DIGITS_MAX: usize = 11;
/// What stands in place of what is masked.
const MASK: &str = "***";
/// Decimals that a number keeps.
const DECIMALS: usize = 3;
/// Digits that a coordinate keeps which is written as a whole number.
const COORDINATE_DIGITS: usize = 5;
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
/// The first characters of license plates: the provinces, embassies and consulates.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
/// Letters and digits behind the province and its letter.
const PLATE_REST: std::ops::RangeInclusive<usize> = 4..=6;
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

/// A number with the digits that may be seen.
fn figure(kind: Kind, number: &str) -> String {
    if number.contains(['e', 'E']) {
        let plain = number.parse::<f64>().map(|value| format!("{value:.DECIMALS$}"));
        return plain.map_or_else(|_| MASK.to_owned(), |plain| figure(kind, &plain));
    }
    shown(kind, number)
}

/// A text with what may be seen of it.
fn shown(kind: Kind, text: &str) -> String {
    if kind == Kind::Private {
        return MASK.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        let digits = rest.iter().take_while(|letter| letter.is_numeric()).count();
        if digits > 0 {
            at += digits + run(kind, &mut out, rest, digits);
        } else if let Some(len) = plate(rest) {
            out.push_str(MASK);
            at += len;
        } else {
            out.push(letters[at]);
            at += 1;
        }
    }
    out
}

/// Writes a run of digits and its decimals; how many letters it took behind the digits.
fn run(kind: Kind, out: &mut String, rest: &[char], digits: usize) -> usize {
    let whole = &rest[..digits];
    let behind = rest.get(digits) == Some(&'.');
    let decimals = rest.iter().skip(digits + 1).take_while(|letter| letter.is_numeric()).count();
    let fraction = if behind { decimals } else { 0 };
    if digits >= DIGITS_MAX {
        out.push_str(MASK);
    } else if kind == Kind::Coordinate && fraction == 0 {
        let shown = |(index, digit): (usize, &char)| if index < COORDINATE_DIGITS { *digit } else { '0' };
        out.extend(whole.iter().enumerate().map(shown));
    } else {
        out.extend(whole);
    }
    if fraction == 0 {
        return 0;
    }
    out.push('.');
    out.extend(rest[digits + 1..].iter().take(fraction.min(DECIMALS)));
    1 + fraction
}

/// The length of a license plate that begins here.
fn plate(rest: &[char]) -> Option<usize> {
    let [province, letter, behind @ ..] = rest else { return None };
    if !PROVINCES.contains(*province) || !letter.is_ascii_alphabetic() {
        return None;
    }
    let separator = usize::from(behind.first().is_some_and(|letter| "·-. ".contains(*letter)));
    let own = behind[separator..].iter().take_while(|letter| letter.is_ascii_alphanumeric()).count();
    (own >= *PLATE_REST.start()).then(|| 2 + separator + own.min(*PLATE_REST.end()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn who_and_exactly_where_are_taken_out_and_the_rest_stays() {
        let payload = r#"{"boot": 7, "operator": "op-118", "description": "call 13912345678", "code": "0501",
            "position": {"lon": 104.398123, "lat": 31.1271, "crs": "wgs84"}, "speed_kmh": 23.4, "note": {"by": ["x", 5]}}"#;
        let shown = r#"{"boot": 7, "operator": "***", "description": "***", "code": "0501",
            "position": {"lon": 104.398, "lat": 31.127, "crs": "wgs84"}, "speed_kmh": 23.4, "note": {"by": ["***", ***]}}"#;
        assert_eq!(redacted(payload), shown);
    }

    #[test]
    fn numbers_that_name_somebody_are_found_in_any_value() {
        let cases = [
            (r#"{"header":{"phone":13912345678}}"#, r#"{"header":{"phone":***}}"#),
            (r#"{"x":"tel 013912345678 ok"}"#, r#"{"x":"tel *** ok"}"#),
            (r#"{"x":"1\u0033912345678"}"#, r#"{"x":"***"}"#),
            (r#"{"13912345678":1}"#, r#"{"***":1}"#),
            (r#"{"x":"seen 川F·12345 here"}"#, r#"{"x":"seen *** here"}"#),
            (
                r#"{"latitude":31127345,"longitude":104398123}"#,
                r#"{"latitude":31127000,"longitude":104390000}"#,
            ),
            (r#"{"x":1.04398123e2,"y":1e300}"#, r#"{"x":104.398,"y":***.000}"#),
            (r#"{"time":"2026-11-23T09:12:44.120456+08:00"}"#, r#"{"time":"2026-11-23T09:12:44.120+08:00"}"#),
            ("{operator: op-118, 'a': 1", "{?: ?, ?: 1"),
            (r#"{"operator": "op-1"#, r#"{"operator": "***""#),
        ];
        for (payload, shown) in cases {
            assert_eq!(redacted(payload), shown, "{payload}");
        }
    }

    /// Hides a secret somewhere in a payload of any shape.
    fn payload(
        secret: &'static str,
        keys: &'static [&'static str],
    ) -> impl Strategy<Value = (String, Value)> {
        (secret, "[a-z]{0,8}", prop::sample::select(keys), 0..5_usize).prop_map(
            |(secret, text, key, shape)| {
                let value = match shape {
                    0 => json!({ key: secret }),
                    1 => json!({ "a": { key: [text, secret] }, "b": 1.23456 }),
                    2 => json!([{ "x": [], key: { "deep": { "er": secret } } }]),
                    3 => json!({ "a": {"c": []}, key: format!("{text} {secret}") }),
                    _ => json!({ key: {"a": [[secret]]}, "z": true }),
                };
                (secret, value)
            },
        )
    }

    proptest! {
        #[test]
        fn no_run_of_eleven_digits_is_left_wherever_it_was(
            text in "([0-9]{0,14}|\\PC|[\"{}\\[\\]:,\\\\. ])|(\\{\"[a-z]{1,4}\":\"?[0-9.]{1,20}\"?,){0,4}", more in "[0-9]{11,20}"
        ) {
            for payload in [text.clone(), format!("{text}{more}"), format!("{{\"a\":\"{more}{text}\"}}"), format!("[{more}, {text}")] {
                let shown = redacted(&payload);
                let mut run = 0;
                for letter in shown.chars() {
                    run = if letter.is_ascii_digit() { run + 1 } else { 0 };
                    prop_assert!(run < DIGITS_MAX, "{} -> {}", payload, shown);
                }
            }
        }

        #[test]
        fn no_operator_is_left_however_the_payload_is_cut(
            (operator, value) in payload("op-[a-z0-9]{6}", &["operator", "Operator_ID", "operatorId"]), cut in 0..400_usize
        ) {
            let text = value.to_string();
            let end = text.floor_char_boundary(cut);
            let shown = redacted(&text[..end]);
            prop_assert!(!shown.contains(&operator), "{} -> {}", text, shown);
            prop_assert!(!redacted(&text).contains(&operator));
        }

        #[test]
        fn any_text_is_redacted_to_something_not_much_longer(text in "\\PC{0,300}") {
            prop_assert!(redacted(&text).chars().count() <= 3 * text.chars().count() + 4);
        }
    }
}
