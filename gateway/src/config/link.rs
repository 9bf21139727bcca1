//! `[link]`: how the uplinks use the links that a vehicle has.

use std::path::PathBuf;
use std::time::Duration;

use toml_edit::Value;

use super::kinds::{Classes, Count, FilePath, Flag, Size, Span};
use super::read::Checks;
use super::value::{Keys, Kind, Raw};
use crate::domain::report::Class;
use crate::domain::schedule::Policy;

/// `[link]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// The link is paid for by the byte, as long as no state file says otherwise.
    pub metered: bool,
    /// File with one word that the vehicle's router keeps up to date: `metered`, `unmetered` or `depot`.
    pub state_file: Option<PathBuf>,
    /// How the link is used.
    pub policy: Policy,
}

impl Link {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        let s = Duration::from_secs;
        let policy = &mut self.policy;
        let budget = || Size { min: 64 << 10, max: 1 << 40 };
        keys.section("link");
        keys.key("metered", Flag, &mut self.metered);
        keys.optional("state_file", FilePath, &mut self.state_file);
        keys.optional("budget_per_day", budget(), &mut policy.budget_bytes_per_day);
        keys.optional("metered_budget_per_day", budget(), &mut policy.metered_budget_bytes_per_day);
        keys.key("live_percent", Count { min: 1, max: 99 }, &mut policy.live_percent);
        keys.key("live_window", Span { min: s(1), max: s(3600) }, &mut policy.live_window);
        keys.key("newest_first", SharingClasses, &mut policy.newest_first);
        keys.key("unmetered_only", SharingClasses, &mut policy.unmetered_only);
        keys.key("depot_only", SharingClasses, &mut policy.depot_only);
        keys.key("drain_jitter", Span { min: s(0), max: s(3600) }, &mut policy.drain_jitter);
    }

    pub(super) fn check(&self, checks: &mut Checks) {
        let Policy { unmetered_only, depot_only, .. } = &self.policy;
        checks.require(
            unmetered_only.iter().all(|class| !depot_only.contains(class)),
            &["link.depot_only", "link.unmetered_only"],
            "classes that link.unmetered_only does not name",
        );
    }
}

/// Classes that share the link: incidents and tasks go on any link at any time, and evidence is not sent.
struct SharingClasses;

impl Kind for SharingClasses {
    type Value = Vec<Class>;

    fn read(&self, raw: Raw<'_>) -> Option<Vec<Class>> {
        let share = |class: &Class| matches!(class, Class::Status | Class::Reading | Class::Telemetry);
        Classes.read(raw).filter(|classes| classes.iter().all(share))
    }

    fn show(&self, value: &Vec<Class>) -> Value {
        Classes.show(value)
    }

    fn expected(&self) -> String {
        "a list of \"status\", \"reading\", \"telemetry\"".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        let names = ["status", "reading", "telemetry"];
        serde_json::json!({"type": "array", "items": {"enum": names}, "uniqueItems": true})
    }
}
