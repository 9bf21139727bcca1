//! `patrol-gateway config`: the template, the schema, or what is in effect.

use super::{Exit, print};
use crate::config::Config;

/// Prints the documented template.
pub fn template() -> Exit {
    print(Config::template())
}

/// Prints the JSON Schema of the file.
pub fn schema() -> Exit {
    print(&format!("{:#}\n", Config::schema()))
}

/// Prints the configuration in effect.
pub fn effective(config: &Config) -> Exit {
    print(&config.to_toml())
}
