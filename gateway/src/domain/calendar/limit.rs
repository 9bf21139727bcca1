//! Time limits as the code tables write them: `4WH`, `15WD`, `2H`, `3D`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The largest amount of each unit.
const AMOUNT_MAX: u16 = 999;

/// How long there is for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeLimit {
    amount: u16,
    unit: Unit,
}

/// What a limit is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Hours of working time.
    WorkingHours,
    /// As much working time as a working day has.
    WorkingDays,
    /// Hours of any time.
    RunningHours,
    /// 24 hours of any time.
    RunningDays,
}

impl Unit {
    /// How it is written. The longer ones come first.
    const NAMES: [(&str, Unit); 4] = [
        ("WH", Unit::WorkingHours),
        ("WD", Unit::WorkingDays),
        ("H", Unit::RunningHours),
        ("D", Unit::RunningDays),
    ];

    /// Its name in limits.
    pub fn as_str(self) -> &'static str {
        Unit::NAMES.iter().find(|(_, unit)| *unit == self).map_or("", |(name, _)| name)
    }
}

impl TimeLimit {
    /// What [`parse`](Self::parse) takes, for messages.
    pub const EXPECTED: &str = "a time limit: 1 to 999 of WH (working hours), WD (working days), H (hours) or D (days), such as \"4WH\"";

    /// Reads `4WH`, `15WD`, `2H` or `3D`; `None` for anything else.
    pub fn parse(text: &str) -> Option<TimeLimit> {
        let (name, unit) = Unit::NAMES.into_iter().find(|(name, _)| text.ends_with(name))?;
        let digits = text.strip_suffix(name)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let amount = digits.parse().ok().filter(|amount| (1..=AMOUNT_MAX).contains(amount))?;
        Some(TimeLimit { amount, unit })
    }

    /// How much.
    pub const fn amount(self) -> u16 {
        self.amount
    }

    /// Of what.
    pub const fn unit(self) -> Unit {
        self.unit
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount, self.unit.as_str())
    }
}

impl TryFrom<String> for TimeLimit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<TimeLimit, &'static str> {
        TimeLimit::parse(&text).ok_or(TimeLimit::EXPECTED)
    }
}

impl From<TimeLimit> for String {
    fn from(limit: TimeLimit) -> String {
        limit.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_as_the_code_tables_write_them_and_back() {
        for text in ["4WH", "15WD", "2H", "3D", "999D"] {
            assert_eq!(TimeLimit::parse(text).map(|limit| limit.to_string()).as_deref(), Some(text));
        }
        for text in ["", "WH", "0H", "1000H", "4", "4wh", "-1H", "+1H", "4.5H", "H4", "4W"] {
            assert_eq!(TimeLimit::parse(text), None, "{text}");
        }
    }
}
