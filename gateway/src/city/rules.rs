//! The city's rules, the places that they speak of, and the stall register.

use std::path::Path;

use super::{CityError, source};
use crate::config;
use crate::config::rules_file;
use crate::domain::places::Places;
use crate::domain::rules::Rulebook;
use crate::domain::stalls::StallRegister;

/// The example city's rules, and its roads and points of joint enforcement.
const EXAMPLE_RULES: &[u8] = include_bytes!("../../city/rules.toml");
const EXAMPLE_PLACES: &[u8] = include_bytes!("../../city/joint-enforcement-roads.geojson");

/// Reads the configured rules and places.
///
/// # Errors
/// [`CityError`]: a file is missing or something in it is wrong.
pub fn rules(geography: &config::Geography) -> Result<Rulebook, CityError> {
    let (name, bytes) = source(geography.places.as_deref(), EXAMPLE_PLACES)?;
    let places = Places::from_geojson(&bytes).map_err(|source| CityError::Places { name, source })?;
    let (name, bytes) = source(geography.rules.as_deref(), EXAMPLE_RULES)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| CityError::NotText { name: name.clone(), offset: error.valid_up_to() })?;
    let rules = rules_file::read(text, &name).map_err(|source| CityError::Rules { source })?;
    Rulebook::new(rules, &bytes, places).map_err(|source| CityError::UnknownPlace { name, source })
}

/// Reads a stall register.
///
/// # Errors
/// [`CityError`].
pub fn stalls(path: &Path) -> Result<StallRegister, CityError> {
    let (name, bytes) = source(Some(path), &[])?;
    StallRegister::from_csv(&bytes).map_err(|source| CityError::Stalls { name, source })
}

/// Rules and register in one line, for people.
pub fn describe_rules(geography: &config::Geography, rules: &Rulebook) -> String {
    match &geography.rules {
        Some(path) => format!("{} ({})", path.display(), rules.version()),
        None => format!("built-in example ({})", rules.version()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_load_and_what_is_wrong_is_told_with_its_file() {
        let built_in = config::Geography::default();
        let book = rules(&built_in).unwrap();
        assert_eq!(book.places().iter().count(), 18);
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().display().to_string();
        let with = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            let geography = config::Geography { rules: Some(file.path().to_owned()), ..Default::default() };
            rules(&geography).unwrap_err().to_string()
        };
        assert!(with("[calender]\n").starts_with(&format!("{name}:1:2: unknown rules.calender")));
        let lost = "[[joint]]\nname = \"a\"\ncodes = [\"event:*\"]\nplaces = [\"nowhere\"]\nwithin_m = 5\n\
                    recipients = [{ party = \"police\", unit = \"p\" }]\n";
        assert!(with(lost).contains("there is no place \"nowhere\""));
        std::fs::write(file.path(), "card\n").unwrap();
        let error = stalls(file.path()).unwrap_err().to_string();
        assert!(error.starts_with(&name) && error.contains("no column open"), "{error}");
    }
}
