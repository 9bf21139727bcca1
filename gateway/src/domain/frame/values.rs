//! Values of the wire as those of reports: absent ones, names, positions, ranges.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use firmware_protocol::{DegreesE7, body};

use crate::domain::admission::{Reason, Rejection};
use crate::domain::report::{Crs, Fix, FixType, RecordRef};

/// cm/s to km/h.
const KMH_PER_CM_S: f64 = 0.036;

/// 0 means absent.
pub(super) fn present<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// Empty means absent.
pub(super) fn text(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

/// The name of a value of an open set; for one that this version does not know the set and the number, `media_77`.
pub(super) fn named(name: Option<&'static str>, set: &str, number: impl Display) -> Cow<'static, str> {
    name.map_or_else(|| format!("{set}_{number}").into(), Cow::Borrowed)
}

/// A record that must be named; (0, 0) is none.
pub(super) fn needed_record(field: &str, record: body::RecordRef) -> Result<RecordRef, Rejection> {
    let record = present(record).ok_or_else(|| missing(field))?;
    Ok(reference(record))
}

pub(super) fn reference(record: body::RecordRef) -> RecordRef {
    RecordRef { boot: record.boot, seq: record.seq }
}

pub(super) fn references(records: &[body::RecordRef]) -> Vec<RecordRef> {
    records.iter().copied().map(reference).collect()
}

/// The device's own position; `None` without a fix.
pub(super) fn fix(
    fix_type: body::FixType,
    lat: DegreesE7,
    lon: DegreesE7,
    accuracy_dm: u16,
    fix_age_ms: u32,
) -> Result<Option<Fix>, Rejection> {
    if fix_type == body::FixType::NONE {
        return Ok(None);
    }
    let (lon_deg, lat_deg) = place(lon, lat)?;
    let fix_type = fix_type.name().and_then(FixType::from_name);
    let accuracy_m = accuracy_m(accuracy_dm);
    let fix_age_ms = present(fix_age_ms);
    Ok(Some(Fix { lon_deg, lat_deg, accuracy_m, fix_age_ms, fix_type, crs: Crs::Wgs84 }))
}

/// Longitude and latitude in degrees.
pub(super) fn place(lon: DegreesE7, lat: DegreesE7) -> Result<(f64, f64), Rejection> {
    let (lon_deg, lat_deg) = (lon.degrees(), lat.degrees());
    if !(-90.0..=90.0).contains(&lat_deg) || !(-180.0..=180.0).contains(&lon_deg) {
        let detail = format!("position: latitude {lat_deg}, longitude {lon_deg} is not on the Earth");
        return Err(Rejection::new(Reason::OutOfRange, detail));
    }
    Ok((lon_deg, lat_deg))
}

pub(super) fn accuracy_m(accuracy_dm: u16) -> Option<f64> {
    present(accuracy_dm).map(|accuracy_dm| f64::from(accuracy_dm) / 10.0)
}

pub(super) fn heading_deg(heading_cdeg: u16) -> Result<Option<f64>, Rejection> {
    let heading_cdeg = within("heading_cdeg", heading_cdeg, 0..=36_000)?;
    Ok(present(heading_cdeg).map(|heading_cdeg| f64::from(heading_cdeg) / 100.0))
}

pub(super) fn battery_percent(battery_percent: u8) -> Result<Option<u8>, Rejection> {
    Ok(present(within("battery_percent", battery_percent, 0..=100)?))
}

pub(super) fn supply_v(supply_mv: u16) -> Option<f64> {
    present(supply_mv).map(|supply_mv| f64::from(supply_mv) / 1_000.0)
}

/// Cut to the digits that mean something, so that 6.5 m/s is 23.4 km/h and not 23.400000000000002.
pub(super) fn speed_kmh(speed_cm_s: u16) -> f64 {
    (f64::from(speed_cm_s) * KMH_PER_CM_S * 1e3).round() / 1e3
}

/// A value in its range.
pub(super) fn within<T: PartialOrd + Display>(
    field: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, Rejection> {
    if range.contains(&value) {
        return Ok(value);
    }
    let detail = format!("{field}: {value} is not between {} and {}", range.start(), range.end());
    Err(Rejection::new(Reason::OutOfRange, detail))
}

pub(super) fn missing(field: &str) -> Rejection {
    Rejection::new(Reason::MissingField, format!("{field} is missing"))
}
