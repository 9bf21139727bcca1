//! The built-in presets: rules without a topic, as files of the same form as an entry.

use super::super::read::Source as Text;
use super::{Draft, draft_of};

/// A built-in rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it says, as TOML.
    pub text: &'static str,
}

/// All presets.
pub const PRESETS: [Preset; 6] = [
    Preset { name: "jtt808-json", text: include_str!("presets/jtt808-json.toml") },
    Preset { name: "lorawan", text: include_str!("presets/lorawan.toml") },
    Preset { name: "senml", text: include_str!("presets/senml.toml") },
    Preset { name: "gat1400", text: include_str!("presets/gat1400.toml") },
    Preset { name: "ga1400-event", text: include_str!("presets/ga1400-event.toml") },
    Preset { name: "jtt808-event", text: include_str!("presets/jtt808-event.toml") },
];

pub(super) fn expected() -> String {
    super::one_of(PRESETS.map(|preset| preset.name))
}

pub(super) fn named(name: &str) -> Option<Preset> {
    PRESETS.into_iter().find(|preset| preset.name == name)
}

pub(super) fn draft(preset: Preset) -> Draft {
    // Every preset is read by a test.
    draft_of(Text { name: preset.name, text: preset.text }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_and_is_whole_but_for_topic_and_coordinate_system() {
        for preset in PRESETS {
            let draft = draft_of(Text { name: preset.name, text: preset.text }).unwrap();
            assert!(draft.class.is_some() && draft.device.is_some(), "{}", preset.name);
            assert!(!draft.fields.contains_key("position.crs"), "{}", preset.name);
        }
    }

    #[test]
    fn the_manual_explains_every_preset_and_every_key() {
        let manual = include_str!("../../../../docs/mapping.md");
        for name in PRESETS.map(|preset| preset.name).into_iter().chain(super::super::KEYS) {
            assert!(manual.contains(&format!("`{name}`")), "{name}");
        }
    }
}
