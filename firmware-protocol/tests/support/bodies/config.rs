use firmware_protocol::body::{Config, Setting, SettingKey};
use firmware_protocol::{Bytes, List};
use proptest::prelude::*;

use super::{Sample, any_bytes, any_list};
use crate::support::vectors;

fn setting(key: SettingKey, value: &'static [u8]) -> Setting<'static> {
    Setting { key, value: Bytes::new(value).unwrap() }
}

impl Sample for Config<'static> {
    const VECTORS: &'static str = vectors::CONFIG;

    /// Two numbers, one back to the factory's, one of the maker.
    fn typical() -> Self {
        let settings = [
            setting(SettingKey::MOVING_INTERVAL_MS, &[0x88, 0x13, 0, 0]),
            setting(SettingKey::TRACK_POINTS, &[60, 0, 0, 0]),
            setting(SettingKey::TIME_SYNC_INTERVAL_MS, &[]),
            setting(SettingKey(1024), b"zh-CN"),
        ];
        Self { config_id: 9, settings: List::from_slice(&settings).unwrap() }
    }

    fn maximum() -> Self {
        let largest = setting(SettingKey(u16::MAX), &[b'v'; 24]);
        Self { config_id: u32::MAX, settings: List::from_slice(&[largest; 8]).unwrap() }
    }

    fn any() -> BoxedStrategy<Self> {
        let setting =
            (any::<u16>(), any_bytes()).prop_map(|(key, value)| Setting { key: SettingKey(key), value });
        (any::<u32>(), any_list(setting))
            .prop_map(|(config_id, settings)| Self { config_id, settings })
            .boxed()
    }
}
