//! The topic grammar, in three pure functions.
//!
//! ```text
//! patrol/v1/up/{device}/{class}        a device publishes only here, below its own id
//! patrol/v1/down/{device}/{kind}       and subscribes only here
//! ```

use crate::domain::report::{Class, DeviceId};

const UP: &str = "patrol/v1/up/";
const DOWN: &str = "patrol/v1/down/";

/// What a topic a device published to means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpTopic {
    /// A report of this class.
    Report(Class),
    /// The device's own tree, but no class known here.
    UnknownClass,
    /// Not the device's own tree.
    Foreign,
}

/// Reads a topic that `device` published to.
pub(super) fn up(device: &DeviceId, topic: &str) -> UpTopic {
    let own = topic.strip_prefix(UP).and_then(|rest| rest.strip_prefix(device.as_str()));
    match own.and_then(|rest| rest.strip_prefix('/')) {
        Some(name) => Class::from_name(name).map_or(UpTopic::UnknownClass, UpTopic::Report),
        None => UpTopic::Foreign,
    }
}

/// The kinds that a filter of `device` selects below its own `down`: one kind, or all (`+` and `#`). `None` when the
/// filter reaches beyond the device's own `down`, or is no filter.
pub(super) fn down_filter<'a>(device: &DeviceId, filter: &'a str) -> Option<&'a str> {
    let kind = filter.strip_prefix(DOWN)?.strip_prefix(device.as_str())?.strip_prefix('/')?;
    let one_level = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    (one_level || kind == "+" || kind == "#").then_some(kind)
}

/// The topic of a message of `kind` for `device`.
pub(super) fn down(device: &DeviceId, kind: &str) -> String {
    format!("{DOWN}{device}/{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn car() -> DeviceId {
        DeviceId::parse("car-01").unwrap()
    }

    #[test]
    fn a_device_reaches_only_its_own_up_topics() {
        let own = up(&car(), "patrol/v1/up/car-01/incident");
        assert_eq!(own, UpTopic::Report(Class::Incident));
        assert_eq!(up(&car(), "patrol/v1/up/car-01/selfie"), UpTopic::UnknownClass);
        let foreign = [
            "patrol/v1/up/car-02/incident",
            "patrol/v1/up/car-011/incident",
            "patrol/v1/up/car-01",
            "patrol/v1/down/car-01/task",
            "/patrol/v1/up/car-01/incident",
            "$SYS/broker",
            "",
        ];
        for topic in foreign {
            assert_eq!(up(&car(), topic), UpTopic::Foreign, "{topic}");
        }
    }

    #[test]
    fn a_device_subscribes_only_to_its_own_down_topics() {
        assert_eq!(down_filter(&car(), "patrol/v1/down/car-01/receipt"), Some("receipt"));
        assert_eq!(down_filter(&car(), "patrol/v1/down/car-01/#"), Some("#"));
        assert_eq!(down_filter(&car(), "patrol/v1/down/car-01/+"), Some("+"));
        let beyond = [
            "#",
            "+/v1/down/car-01/receipt",
            "patrol/v1/down/+/receipt",
            "patrol/v1/down/#",
            "patrol/v1/down/car-02/receipt",
            "patrol/v1/down/car-01",
            "patrol/v1/down/car-01/",
            "patrol/v1/down/car-01/a/b",
            "patrol/v1/down/car-01/re#",
            "$share/g/patrol/v1/down/car-01/receipt",
            "patrol/v1/up/car-01/incident",
        ];
        for filter in beyond {
            assert_eq!(down_filter(&car(), filter), None, "{filter}");
        }
    }
}
