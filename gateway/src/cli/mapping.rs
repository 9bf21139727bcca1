//! `patrol-gateway mapping`: the rules for third-party devices, and what they make of a sample on the bench.

mod bench;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;

use super::human::class_zh;
use super::{Exit, print};
use crate::config::Config;
use crate::domain::mapping::{Rule, Rules};

/// What to do with the rules.
#[derive(Debug, Clone, Subcommand)]
pub enum MappingCommand {
    /// 规则 List the rules in effect, in the order in which they are tried
    List,
    /// 试验 Say what becomes of a sample message, field by field; nothing is stored or sent
    Test {
        /// File with the payload of one message
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The topic that it would come on
        #[arg(long)]
        topic: String,
        /// Who would publish it: a device or an application
        #[arg(long, default_value = "bench", value_name = "NAME")]
        publisher: String,
        /// The answer as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Lists the rules, or tries a sample.
pub fn run(config: &Config, command: &MappingCommand) -> Exit {
    match command {
        MappingCommand::List => print(&list(&config.mapping.rules)),
        MappingCommand::Test { file, topic, publisher, json } => {
            bench::run(config, &bench::Sample { file, topic, publisher }, *json)
        }
    }
}

fn list(rules: &Rules) -> String {
    if rules.is_empty() {
        return "没有规则：配置文件中没有 [[mapping]] No rules: the configuration has no [[mapping]]\n"
            .to_owned();
    }
    let mut text = String::new();
    for (number, rule) in rules.iter().enumerate() {
        _ = writeln!(text, "{}", headline(number, rule));
        _ = writeln!(text, "    设备 device  {} {}", rule.device.place(), prefix(rule));
        if let Some(when) = &rule.when {
            _ = writeln!(text, "    条件 when    {}", when);
        }
        for (name, source) in &rule.fields {
            let from = match (&source.pointer, &source.default) {
                (Some(pointer), _) => pointer.to_string(),
                (None, Some(value)) => value.to_string(),
                (None, None) => String::new(),
            };
            let table =
                source.table.map(|table| format!(" (表 table {})", table.as_str())).unwrap_or_default();
            _ = writeln!(text, "    {name}  <- {from}{table}");
        }
        for reading in &rule.readings {
            let pointer = reading.source.pointer.as_ref().map(ToString::to_string).unwrap_or_default();
            _ = writeln!(
                text,
                "    {} {}  <- {pointer}",
                reading.quantity,
                reading.unit.as_deref().unwrap_or("")
            );
        }
        if let Some(collect) = &rule.collect {
            _ = writeln!(text, "    读数 readings  <- {} ({})", collect.pointer, collect.form.as_str());
        }
    }
    text
}

/// Which rule it is, in a line; rules count from 1 for people.
fn headline(number: usize, rule: &Rule) -> String {
    let preset = rule.preset.map(|preset| format!(" ({preset})")).unwrap_or_default();
    let class = format!("{} {}", class_zh(rule.class), rule.class);
    format!("规则 rule {}: {}{preset} -> {class}", number + 1, rule.topic.as_str())
}

fn prefix(rule: &Rule) -> String {
    match rule.device.prefix.as_str() {
        "" => String::new(),
        prefix => format!("(前缀 prefix {prefix})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_topic_class_device_and_where_each_field_comes_from() {
        let text = "[[mapping]]\ntopic = \"jt/+/up\"\npreset = \"jtt808-json\"\ncrs = \"wgs84\"\n\
                    [[mapping]]\ntopic = \"s/#\"\npreset = \"senml\"";
        let config = Config::from_toml(text, "p.toml", std::iter::empty()).unwrap();
        let list = list(&config.mapping.rules);
        let parts = [
            "规则 rule 1: jt/+/up (jtt808-json) -> 轨迹 telemetry",
            "/header/phone (前缀 prefix jt-)",
            "/header/msg_id = 512",
            "speed_kmh  <- /body/speed",
            "position.crs  <- \"wgs84\"",
            "规则 rule 2: s/# (senml) -> 传感读数 reading",
            "<- the whole payload (senml)",
        ];
        for part in parts {
            assert!(list.contains(part), "{part}: {list}");
        }
    }
}
