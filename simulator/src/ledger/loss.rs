//! A loss record as a gateway tells it.

use serde::{Deserialize, Serialize};

use crate::device::Class;

/// A loss record as it travels to the platform; the gateway's documentation says what its fields mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// 16 hexadecimal digits; unique for its gateway.
    pub id: String,
    /// The device, if anybody can tell; said in any case.
    #[serde(deserialize_with = "Option::deserialize")]
    pub device: Option<String>,
    /// The device's boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<u32>,
    /// The gateway's run, for records that it numbered itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Lowest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u32>,
    /// Highest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u32>,
    /// The class, if anybody can tell; said in any case.
    #[serde(deserialize_with = "Option::deserialize")]
    pub class: Option<Class>,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: u64,
    /// When the first was noted, RFC 3339.
    pub first_noted_at: String,
    /// When the last was noted.
    pub last_noted_at: String,
}

/// Why something was lost, or was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Points between others that were kept.
    Thinned,
    /// The oldest, to make room.
    Evicted,
    /// QoS 0 without room.
    NoRoom,
    /// Not acknowledged for want of room.
    Withheld,
    /// Not understood.
    NotUnderstood,
    /// Damaged at rest.
    Damaged,
    /// Commits that were gone at a start.
    LogDamaged,
}

impl Reason {
    /// Whether acknowledged records are gone, and `count` counts them: it counts commits where the log was damaged.
    fn takes_records(self) -> bool {
        matches!(self, Reason::Thinned | Reason::Evicted | Reason::Damaged)
    }
}

impl Loss {
    /// What a receiver can check of a single loss record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("loss {:?}: {what}", self.id));
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.id.len() != 16 || !self.id.bytes().all(is_hex) {
            return wrong("`id` must be 16 hexadecimal digits");
        }
        match (self.first_seq, self.last_seq, self.boot.is_some(), self.run.is_some()) {
            (Some(first), Some(last), true, false) | (Some(first), Some(last), false, true) => {
                if first > last {
                    return wrong("`first_seq` is above `last_seq`");
                }
            }
            (None, None, false, false) => {}
            _ => return wrong("`first_seq`, `last_seq` and one of `boot` and `run` come together"),
        }
        if self.count == 0 {
            return wrong("`count` must be at least 1");
        }
        for time in [&self.first_noted_at, &self.last_noted_at] {
            if time.parse::<jiff::Timestamp>().is_err() {
                return wrong("a time must be RFC 3339");
            }
        }
        Ok(())
    }

    /// Acknowledged records that are gone by this account.
    pub(super) fn records_taken(&self) -> u64 {
        if self.reason.takes_records() { self.count } else { 0 }
    }
}
