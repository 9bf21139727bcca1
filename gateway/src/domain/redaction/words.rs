//! Within a value: which letters and digits may be seen.

use super::Kind;

/// Digits in a row from which they are masked.
pub(super) const DIGITS_MAX: usize = 11;
/// What stands in place of what is masked.
pub(super) const MASK: &str = "***";
/// Decimals that a number keeps.
const DECIMALS: usize = 3;
/// Digits that a coordinate keeps which is written as a whole number.
const COORDINATE_DIGITS: usize = 5;
/// The first characters of license plates: the provinces, embassies and consulates.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
/// Letters and digits behind the province and its letter.
const PLATE_REST: std::ops::RangeInclusive<usize> = 4..=6;

/// A number with the digits that may be seen.
pub(super) fn figure(kind: Kind, number: &str) -> String {
    if number.contains(['e', 'E']) {
        let plain = number.parse::<f64>().map(|value| format!("{value:.DECIMALS$}"));
        return plain.map_or_else(|_| MASK.to_owned(), |plain| figure(kind, &plain));
    }
    shown(kind, number)
}

/// A text with what may be seen of it.
pub(super) fn shown(kind: Kind, text: &str) -> String {
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
