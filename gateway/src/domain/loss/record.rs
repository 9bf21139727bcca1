//! A loss record in JSON, as the platform and the local API are told it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Loss, Stream};
use crate::domain::report::{Class, DeviceId};

/// A function of the loss and its uid alone, so that it is told in the same words each time. What nobody can tell is
/// `null` (device, class) or left out (numbers).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossRecord {
    /// Its uid in 16 hexadecimal digits: with the gateway's id, its name for ever.
    pub id: String,
    /// The device.
    pub device: Option<String>,
    /// The device's boot, when the numbers are its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot: Option<u32>,
    /// The gateway's run as it stands in event ids (`g1c0ffee42`), when the numbers are the gateway's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Lowest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u32>,
    /// Highest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u32>,
    /// The class.
    pub class: Option<String>,
    /// Why, by [`LossReason::as_str`](super::LossReason::as_str).
    pub reason: String,
    /// How many.
    pub count: u64,
    /// When the first was noted: RFC 3339 in UTC with milliseconds, by the gateway's clock.
    pub first_noted_at: String,
    /// When the last was noted.
    pub last_noted_at: String,
}

impl LossRecord {
    /// The record of a loss.
    pub fn new(uid: u64, loss: &Loss) -> LossRecord {
        let (boot, run) = match loss.key.stream {
            Stream::Unknown => (None, None),
            Stream::Boot(boot) => (Some(boot), None),
            Stream::Run(run) => (None, Some(format!("g{run:x}"))),
        };
        let is_numbered = loss.key.stream != Stream::Unknown;
        LossRecord {
            id: format!("{uid:016x}"),
            device: loss.key.device.as_ref().map(DeviceId::to_string),
            boot,
            run,
            first_seq: is_numbered.then_some(loss.first),
            last_seq: is_numbered.then_some(loss.last),
            class: loss.key.class.as_ref().map(Class::to_string),
            reason: loss.key.reason.as_str().to_owned(),
            count: loss.count,
            first_noted_at: rfc3339(loss.first_noted_at_ms),
            last_noted_at: rfc3339(loss.last_noted_at_ms),
        }
    }
}

/// A clock that is beyond what RFC 3339 can write is told as the nearest time that can be.
fn rfc3339(unix_ms: i64) -> String {
    let nearest = if unix_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    format!("{:.3}", Timestamp::from_millisecond(unix_ms).unwrap_or(nearest))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::loss::LossReason;
    use crate::domain::report::Identity;

    fn told(identity: Option<Identity>, class: Option<Class>, reason: LossReason) -> Value {
        let car = DeviceId::parse("car-07").unwrap();
        let mut loss = Loss::of(&car, identity, class, reason, 1_795_396_364_120);
        loss.last_noted_at_ms = i64::MAX;
        loss.count = 14;
        serde_json::to_value(LossRecord::new(0xC0FFEE, &loss)).unwrap()
    }

    #[test]
    fn what_is_known_is_told_and_what_is_not_is_left_out() {
        let device = Identity::Device { boot: 7, seq: 812 };
        assert_eq!(
            told(Some(device), Some(Class::Telemetry), LossReason::Thinned),
            json!({"id": "0000000000c0ffee", "device": "car-07", "boot": 7, "first_seq": 812, "last_seq": 812,
                "class": "telemetry", "reason": "thinned", "count": 14,
                "first_noted_at": "2026-11-23T01:12:44.120Z", "last_noted_at": "9999-12-30T22:00:00.999Z"})
        );
        let unknown = told(None, None, LossReason::NotUnderstood);
        assert_eq!(
            (&unknown["class"], unknown.get("first_seq"), unknown.get("boot")),
            (&Value::Null, None, None)
        );
    }

    #[test]
    fn a_run_is_named_as_in_event_ids() {
        let minted = Identity::Minted { run: 0x1_c0ff_ee42, number: 15 };
        let record = told(Some(minted), Some(Class::Incident), LossReason::Damaged);
        let id = format!("{}/{}", record["run"].as_str().unwrap(), record["first_seq"]);
        assert_eq!((id, record.get("boot")), (minted.to_string(), None));
    }
}
