//! `[[tidal]]`: areas where stalls are tolerated at times.

use toml_edit::Item;

use super::super::entry::{At, EntryReader};
use super::{entries, parts};
use crate::domain::area::{Area, CORNERS_MAX, RADIUS_MAX_M};
use crate::domain::rules::pattern::CodePattern;
use crate::domain::rules::section::{TidalArea, TidalPlace};

pub(super) const KEYS: [&str; 8] = ["name", "codes", "crs", "circle", "polygon", "grids", "days", "hours"];
pub(super) const CIRCLE: [&str; 3] = ["lon", "lat", "radius_m"];
pub(super) const SYSTEMS: [&str; 2] = ["wgs84", "cgcs2000"];
/// What a tidal area is about without a word: unlicensed vendors.
const CODES: &str = "event:0501";

pub(super) fn tidal(reader: &mut EntryReader<'_>, at: &At<'_>) -> Vec<TidalArea> {
    let mut names = parts::Names::default();
    let areas = entries(reader, at, "tidal").into_iter().filter_map(|at| {
        reader.only(&at, &KEYS);
        let name = names.read(reader, &at);
        let codes = parts::optional_codes(reader, &at, "codes");
        let place = place(reader, &at);
        if !at.table.contains_key("hours") {
            reader.refuse(&at, "hours", parts::HOURS);
        }
        let hours = parts::hours(reader, &at);
        let codes = codes.unwrap_or_else(|| CodePattern::parse(CODES).into_iter().collect());
        Some(TidalArea { name: name?, codes, place: place?, hours })
    });
    areas.collect()
}

fn place(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<TidalPlace> {
    let given = ["circle", "polygon", "grids"].into_iter().filter(|key| at.table.contains_key(key)).count();
    if given != 1 {
        let expected = "one of circle, polygon and grids";
        reader.refuse_at(at.span.clone(), at.name.clone(), expected, format!("{given} of them"));
        return None;
    }
    if at.table.contains_key("grids") {
        return parts::grids(reader, at, "grids").map(TidalPlace::Grids);
    }
    let system = "the coordinate system, \"wgs84\" or \"cgcs2000\"";
    parts::needed(reader, at, "crs", system, |item| {
        item.as_str().filter(|text| SYSTEMS.contains(text)).map(|_| ())
    });
    if at.table.contains_key("circle") {
        let circle = reader.table(at, "circle")?;
        return self::circle(reader, &circle).map(TidalPlace::Area);
    }
    let expected = format!("a list of 3 to {CORNERS_MAX} corners [lon, lat], in degrees");
    reader.value(at, "polygon", &expected, polygon).map(TidalPlace::Area)
}

fn circle(reader: &mut EntryReader<'_>, at: &At<'_>) -> Option<Area> {
    reader.only(at, &CIRCLE);
    let degrees = |bound: f64| move |item: &Item| parts::number(item, -bound, bound);
    let lon_deg = parts::needed(reader, at, "lon", "degrees, -180 to 180", degrees(180.0));
    let lat_deg = parts::needed(reader, at, "lat", "degrees, -90 to 90", degrees(90.0));
    let expected = format!("metres, above 0 and up to {RADIUS_MAX_M}");
    let radius_m = parts::needed(reader, at, "radius_m", &expected, |item| {
        parts::number(item, 0.0, RADIUS_MAX_M).filter(|radius| *radius > 0.0)
    });
    Area::circle(lon_deg?, lat_deg?, radius_m?)
}

fn polygon(item: &Item) -> Option<Area> {
    let number =
        |value: &toml_edit::Value| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    let corner = |value: &toml_edit::Value| {
        let pair = value.as_array().filter(|pair| pair.len() == 2)?;
        Some((number(pair.get(0)?)?, number(pair.get(1)?)?))
    };
    let corners = item.as_array()?.iter().map(corner).collect::<Option<Vec<_>>>()?;
    Area::polygon(&corners)
}
