//! Whose a message is, by its topic.

use crate::domain::access::up_class;
use crate::domain::report::DeviceId;

/// The device and the last level of a topic that devices publish to, `patrol/v1/up/{device}/{class}`.
pub(super) fn own(topic: &str) -> Option<(DeviceId, &str)> {
    let name = topic.strip_prefix("patrol/v1/up/")?.split('/').next()?;
    let device = DeviceId::parse(name)?;
    let class = up_class(&device, topic)?;
    Some((device, class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_of_the_device_that_its_topic_names() {
        let told = |topic| own(topic).map(|(device, class)| format!("{device} {class}"));
        assert_eq!(told("patrol/v1/up/car-01/incident").as_deref(), Some("car-01 incident"));
        for topic in
            ["patrol/v1/up/CAR/incident", "patrol/v1/up//incident", "patrol/v1/down/car-01/task", "a/b"]
        {
            assert_eq!(told(topic), None, "{topic}");
        }
    }
}
