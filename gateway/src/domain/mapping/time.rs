//! Forms of time in other systems' JSON, all of them into RFC 3339.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::Value;

use super::field::text_of;

/// Hours that Chinese terminals are ahead of UTC.
const CHINA_HOURS: i8 = 8;
/// The century of a year of two digits.
const CENTURY: i16 = 2000;

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeForm {
    /// `2026-11-23T09:12:44+08:00`.
    #[default]
    Rfc3339,
    /// Seconds since 1970, whole or not.
    UnixS,
    /// Milliseconds since 1970.
    UnixMs,
    /// `261123091244`, YYMMDDhhmmss of UTC+8, as in JT/T 808.
    Jtt808,
    /// `20261123091244`, YYYYMMDDhhmmss of UTC+8, as in GA/T 1400.
    Gat1400,
}

impl TimeForm {
    /// Every form, by the name that it has in the configuration.
    pub const NAMES: &'static [(&'static str, TimeForm)] = &[
        ("rfc3339", TimeForm::Rfc3339),
        ("unix_s", TimeForm::UnixS),
        ("unix_ms", TimeForm::UnixMs),
        ("jtt808", TimeForm::Jtt808),
        ("gat1400", TimeForm::Gat1400),
    ];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        TimeForm::NAMES.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }

    /// A time in this form as RFC 3339; `None` when it is not written so.
    pub(super) fn read(self, value: &Value) -> Option<String> {
        let text = text_of(value)?;
        let text = text.trim();
        match self {
            TimeForm::Rfc3339 => text.parse::<Timestamp>().ok().map(|_| text.to_owned()),
            TimeForm::UnixS => rfc3339(text.parse::<f64>().ok()? * 1000.0),
            TimeForm::UnixMs => rfc3339(text.parse().ok()?),
            TimeForm::Jtt808 => digits::<6>(text).and_then(|[year, rest @ ..]| china(CENTURY + year, rest)),
            TimeForm::Gat1400 => {
                digits::<7>(text).and_then(|[high, low, rest @ ..]| china(high * 100 + low, rest))
            }
        }
    }
}

/// Milliseconds since 1970 as RFC 3339; `None` for a time that has no such form.
pub(super) fn rfc3339(unix_ms: f64) -> Option<String> {
    if !unix_ms.is_finite() || unix_ms.abs() > 1e15 {
        return None;
    }
    Timestamp::from_millisecond(unix_ms.round() as i64).ok().map(|time| time.to_string())
}

/// The pairs of digits that a text consists of.
fn digits<const PAIRS: usize>(text: &str) -> Option<[i16; PAIRS]> {
    if text.len() != 2 * PAIRS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut pairs = [0; PAIRS];
    for (pair, digits) in pairs.iter_mut().zip(text.as_bytes().chunks(2)) {
        *pair = digits.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0'));
    }
    Some(pairs)
}

/// A civil time of UTC+8; `None` when there is no such day or hour.
fn china(year: i16, rest: [i16; 5]) -> Option<String> {
    let [month, day, hour, minute, second] = rest.map(|part| part as i8);
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let time = Offset::constant(CHINA_HOURS).to_timestamp(civil).ok()?;
    Some(time.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_form_tells_the_same_moment() {
        let moment = Some("2026-11-23T01:12:44Z".to_owned());
        assert_eq!(TimeForm::UnixS.read(&json!(1_795_396_364)), moment);
        assert_eq!(TimeForm::UnixS.read(&json!("1795396364")), moment);
        assert_eq!(TimeForm::UnixMs.read(&json!(1_795_396_364_000_i64)), moment);
        assert_eq!(TimeForm::Jtt808.read(&json!("261123091244")), moment);
        assert_eq!(TimeForm::Jtt808.read(&json!(261_123_091_244_i64)), moment);
        assert_eq!(TimeForm::Gat1400.read(&json!("20261123091244")), moment);
        let offset = json!("2026-11-23T09:12:44+08:00");
        assert_eq!(TimeForm::Rfc3339.read(&offset), offset.as_str().map(str::to_owned));
        assert_eq!(TimeForm::UnixS.read(&json!(1_795_396_364.5)).as_deref(), Some("2026-11-23T01:12:44.5Z"));
    }

    #[test]
    fn a_time_that_is_none_is_not_read() {
        let wrong = [
            (TimeForm::Rfc3339, json!("2026-11-23T09:12:44")),
            (TimeForm::Jtt808, json!("261323091244")),
            (TimeForm::Jtt808, json!("2611230912")),
            (TimeForm::Gat1400, json!("20260230000000")),
            (TimeForm::UnixS, json!("NaN")),
            (TimeForm::UnixMs, json!(1e300)),
            (TimeForm::UnixMs, json!([1])),
        ];
        for (form, value) in wrong {
            assert_eq!(form.read(&value), None, "{form:?} {value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_that_our_json_takes_or_none(text in "[0-9TZ:+. -]{0,20}|[0-9]{12}|[0-9]{14}") {
            for (_, form) in TimeForm::NAMES {
                if let Some(time) = form.read(&json!(text)) {
                    prop_assert!(time.parse::<Timestamp>().is_ok(), "{}", time);
                }
            }
        }
    }
}
