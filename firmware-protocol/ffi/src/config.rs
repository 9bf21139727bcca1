//! Message type 11: settings for a device.

use firmware_protocol::body;

use crate::frame::{Input, Received};
use crate::{PatrolBytes, PatrolError, PatrolHeader, PatrolKey, edge, error, frame};

/// Settings of a config at most.
pub const PATROL_SETTINGS_MAX: usize = 8;

/// One setting.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolSetting {
    /// PGW_SETTING_KEY_...: what it sets.
    pub key: u16,
    /// To what; empty = back to the factory's; numbers: patrol_setting_number.
    pub value: PatrolBytes,
}

impl PatrolSetting {
    fn of(setting: body::Setting<'_>) -> Self {
        let body::Setting { key, value } = setting;
        Self { key: key.0, value: PatrolBytes::of(&value) }
    }

    const NONE: Self = Self { key: 0, value: PatrolBytes { at: core::ptr::null(), len: 0 } };
}

/// Settings for a device (down). Those it does not name stay as they are.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PatrolConfig {
    /// Names this set; repeated in the status once it is in force; 0 is refused.
    pub config_id: u32,
    /// Empty = everything back to the factory's.
    pub settings: [PatrolSetting; PATROL_SETTINGS_MAX],
    /// How many of those count.
    pub settings_count: usize,
}

impl Received for PatrolConfig {
    type Body<'a> = body::Config<'a>;

    fn of(body: &Self::Body<'_>) -> Self {
        let body::Config { config_id, settings } = *body;
        let mut places = [PatrolSetting::NONE; PATROL_SETTINGS_MAX];
        places
            .iter_mut()
            .zip(settings.iter())
            .for_each(|(place, &setting)| *place = PatrolSetting::of(setting));
        Self { config_id, settings: places, settings_count: settings.len() }
    }
}

/// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
/// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
///
/// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
///
/// # Safety
///
/// The pointers lead to what their types and lengths say; nobody else uses the outputs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_config_open(
    bytes: *const u8,
    len: usize,
    keys: *const PatrolKey,
    key_count: usize,
    header: *mut PatrolHeader,
    body: *mut PatrolConfig,
) -> PatrolError {
    // SAFETY: as the caller says.
    error::status(unsafe { frame::open(Input { bytes, len, keys, key_count }, header, body) })
}

/// A setting's value as a number; false when it does not have 4 bytes.
///
/// # Safety
///
/// There is a setting at `setting`, the frame it was opened from is still there, and there is room at `number`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patrol_setting_number(setting: *const PatrolSetting, number: *mut u32) -> bool {
    // SAFETY: as the caller says.
    let Ok(&PatrolSetting { key, value }) = (unsafe { edge::shared(setting) }) else { return false };
    // SAFETY: as the caller says.
    let Ok(value) = (unsafe { value.get() }) else { return false };
    let setting = body::Setting { key: body::SettingKey(key), value };
    // SAFETY: as the caller says.
    setting.number().is_some_and(|value| unsafe { edge::put(number, value) }.is_ok())
}
