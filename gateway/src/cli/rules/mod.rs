//! `patrol-gateway rules`: the city's rules in effect, and what they make of examples.

mod bench;
mod outcome;
mod show;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Exit, print};
use crate::city::{self, CityError};
use crate::config::{Config, Geography, rules_file};

/// What to do with the rules.
#[derive(Debug, Clone, Subcommand)]
pub enum RulesCommand {
    /// 试验 Work out every example of a table and compare it with what is expected
    Test {
        /// Table of examples (TOML, an entry named example for each)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// These rules instead of the configured ones
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// This stall register instead of the configured one
        #[arg(long, value_name = "FILE")]
        stalls: Option<PathBuf>,
        /// The answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// 规则 Print the rules in effect
    Show {
        /// These rules instead of the configured ones
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
    },
    /// JSON Schema of the file of rules
    Schema,
}

/// Tests, shows or describes the rules.
pub fn run(config: &Config, command: &RulesCommand) -> Exit {
    match command {
        RulesCommand::Test { file, rules, stalls, json } => {
            let mut geography = with_rules(config, rules.as_deref());
            geography.stalls = stalls.clone().or(geography.stalls);
            bench::run(&geography, file, *json)
        }
        RulesCommand::Show { rules } => match city::rules(&with_rules(config, rules.as_deref())) {
            Ok(book) => print(&show::text(&book)),
            Err(error) => refuse(&error),
        },
        RulesCommand::Schema => print(&format!("{:#}\n", rules_file::schema())),
    }
}

fn with_rules(config: &Config, rules: Option<&Path>) -> Geography {
    let mut geography = config.geography.clone();
    geography.rules = rules.map(Path::to_owned).or(geography.rules);
    geography
}

/// Says why the city's files can't be used.
fn refuse(error: &CityError) -> Exit {
    eprintln!("城市数据有误 The city's files were refused:\n{error}");
    Exit::Usage
}

/// Rules in effect, for tests of what is printed.
#[cfg(test)]
fn built_in() -> crate::domain::rules::Rulebook {
    city::rules(&Geography::default()).unwrap()
}
