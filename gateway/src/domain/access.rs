//! Whom a connection belongs to, and which topics it reaches.
//!
//! ```text
//! patrol/v1/up/{device}/{class}        a device publishes only here, below its own id
//! patrol/v1/down/{device}/{kind}       and subscribes only here
//! ```
//!
//! An application on the box reaches what its account says.

use std::fmt;
use std::sync::Arc;

use super::report::DeviceId;
use super::topic::{Filter, lies_within};

const UP: &str = "patrol/v1/up/";
const DOWN: &str = "patrol/v1/down/";

/// Whom a connection belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A device.
    Device(DeviceId),
    /// A program on the box, or the technician's.
    Application(Arc<Application>),
}

/// The account of a program.
#[derive(Debug, PartialEq, Eq)]
pub struct Application {
    /// Its name: letters as in a device id.
    pub name: DeviceId,
    /// What it may subscribe to, and everything within.
    pub subscribe: Vec<Filter>,
    /// What it may publish to.
    pub publish: Vec<Filter>,
}

/// Which session a connection resumes or takes over: one per device, and one for each client id of an application. The same
/// client id in two accounts are two sessions.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(Arc<str>);

impl ClientKey {
    /// The session of a device.
    pub fn device(device: &DeviceId) -> ClientKey {
        ClientKey(device.as_str().into())
    }

    /// The session that an application calls by this client id. No device id has an `@` in it.
    pub fn application(name: &DeviceId, client_id: &str) -> ClientKey {
        ClientKey(format!("{name}@{client_id}").into())
    }

    /// From the text that [`ClientKey::as_str`] gave.
    pub fn from_text(text: &str) -> ClientKey {
        ClientKey(text.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, formatter)
    }
}

impl Principal {
    /// The session of this principal with this client id.
    pub fn client(&self, client_id: &str) -> ClientKey {
        match self {
            Principal::Device(device) => ClientKey::device(device),
            Principal::Application(application) => ClientKey::application(&application.name, client_id),
        }
    }

    /// The device, if it is one.
    pub fn device(&self) -> Option<&DeviceId> {
        match self {
            Principal::Device(device) => Some(device),
            Principal::Application(_) => None,
        }
    }

    /// Whether it may publish to this topic.
    pub fn may_publish(&self, topic: &str) -> bool {
        match self {
            Principal::Device(device) => below(UP, device, topic).is_some(),
            Principal::Application(application) => {
                application.publish.iter().any(|allowed| allowed.matches(topic))
            }
        }
    }

    /// Whether it may subscribe to this filter.
    pub fn may_subscribe(&self, filter: &Filter) -> bool {
        match self {
            Principal::Device(device) => {
                filter.group().is_none() && down_kind(device, filter.selection()).is_some()
            }
            Principal::Application(application) => application
                .subscribe
                .iter()
                .any(|allowed| lies_within(filter.selection(), allowed.selection())),
        }
    }
}

/// The last level of a topic in a device's own `up` tree; `None` for any other topic.
pub fn up_class<'a>(device: &DeviceId, topic: &'a str) -> Option<&'a str> {
    below(UP, device, topic)
}

/// The kinds that a filter selects below a device's own `down`: one kind, or all (`+` and `#`). `None` when the filter reaches
/// beyond it.
pub fn down_kind<'a>(device: &DeviceId, filter: &'a str) -> Option<&'a str> {
    let kind = below(DOWN, device, filter)?;
    let one_level = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    (one_level || kind == "+" || kind == "#").then_some(kind)
}

/// The topic of a message of `kind` for `device`.
pub fn down(device: &DeviceId, kind: &str) -> String {
    format!("{DOWN}{device}/{kind}")
}

fn below<'a>(tree: &str, device: &DeviceId, topic: &'a str) -> Option<&'a str> {
    topic.strip_prefix(tree)?.strip_prefix(device.as_str())?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::topic::TopicLimits;

    fn filter(text: &str) -> Filter {
        Filter::parse(text, TopicLimits { bytes_max: 256, levels_max: 16 }).unwrap()
    }

    fn car() -> Principal {
        Principal::Device(DeviceId::parse("car-01").unwrap())
    }

    #[test]
    fn a_device_publishes_only_below_its_own_up() {
        assert!(car().may_publish("patrol/v1/up/car-01/incident"));
        let foreign = [
            "patrol/v1/up/car-02/incident",
            "patrol/v1/up/car-011/incident",
            "patrol/v1/up/car-01",
            "patrol/v1/down/car-01/task",
            "/patrol/v1/up/car-01/incident",
            "$SYS/broker",
        ];
        for topic in foreign {
            assert!(!car().may_publish(topic), "{topic}");
        }
    }

    #[test]
    fn a_device_subscribes_only_to_its_own_down() {
        for own in ["receipt", "#", "+"] {
            assert!(car().may_subscribe(&filter(&format!("patrol/v1/down/car-01/{own}"))), "{own}");
        }
        let beyond = [
            "#",
            "+/v1/down/car-01/receipt",
            "patrol/v1/down/+/receipt",
            "patrol/v1/down/#",
            "patrol/v1/down/car-02/receipt",
            "patrol/v1/down/car-01",
            "patrol/v1/down/car-01/",
            "patrol/v1/down/car-01/a/b",
            "$share/g/patrol/v1/down/car-01/receipt",
            "patrol/v1/up/car-01/incident",
        ];
        for text in beyond {
            assert!(!car().may_subscribe(&filter(text)), "{text}");
        }
    }

    #[test]
    fn an_application_reaches_what_its_account_says_and_no_session_of_another() {
        let name = DeviceId::parse("console").unwrap();
        let application = Application { name, subscribe: vec![filter("patrol/v1/up/#")], publish: vec![] };
        let console = Principal::Application(Arc::new(application));
        for (text, allowed) in [
            ("patrol/v1/up/+/incident", true),
            ("$share/g/patrol/v1/up/#", true),
            ("patrol/v1/#", false),
            ("#", false),
        ] {
            assert_eq!(console.may_subscribe(&filter(text)), allowed, "{text}");
        }
        assert!(!console.may_publish("patrol/v1/up/car-01/incident"));
        assert_ne!(console.client("car-01"), car().client("car-01"));
    }
}
