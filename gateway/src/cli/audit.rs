//! `patrol-gateway audit`: who came in, who did not, what was changed; and whether all of it still stands as it was written.

use clap::Args;
use serde_json::{Value, json};

use super::human::table;
use super::{Exit, print};
use crate::audit::chain::Line;
use crate::audit::reading::{self, Reading};
use crate::audit::{self};
use crate::config::Config;

/// What is shown of the audit log.
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// Only verify the chain: exit code 1 when a line was changed or removed
    #[arg(long)]
    verify: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The newest so many lines
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
}

/// Lists the log, and verifies it in any case.
pub fn run(config: &Config, args: &AuditArgs) -> Exit {
    let folder = audit::folder(&config.gateway.data_dir);
    let reading = match reading::read(&folder) {
        Ok(reading) => reading,
        Err(error) => {
            eprintln!("审计日志不可读 The audit log can't be read: {}: {error}", folder.display());
            return Exit::Failure;
        }
    };
    let text = match args.json {
        true => as_json(&reading, args),
        false => as_text(&reading, args),
    };
    match (print(&text), reading.fault) {
        (_, Some(_)) => Exit::Failure,
        (printed, None) => printed,
    }
}

fn shown<'a>(reading: &'a Reading, args: &AuditArgs) -> &'a [Line] {
    let limit = if args.verify { 0 } else { args.limit };
    &reading.lines[reading.lines.len().saturating_sub(limit)..]
}

fn as_json(reading: &Reading, args: &AuditArgs) -> String {
    let lines: Vec<_> = shown(reading, args).iter().map(|line| Value::Object(line.fields.clone())).collect();
    let fault = reading.fault.as_ref().map(ToString::to_string);
    let verified = json!({"lines": reading.lines.len(), "intact": fault.is_none(), "fault": fault});
    format!("{:#}\n", json!({"verified": verified, "events": lines}))
}

fn as_text(reading: &Reading, args: &AuditArgs) -> String {
    let mut lines = vec![["编号 seq", "时间 at", "事件 event", "内容 what"].map(str::to_owned).to_vec()];
    lines.extend(shown(reading, args).iter().map(line));
    let mut text = if args.verify { String::new() } else { table(&lines) };
    match &reading.fault {
        Some(fault) => text.push_str(&format!("审计链断裂 THE CHAIN IS BROKEN at {fault}\n")),
        None => {
            let count = reading.lines.len();
            text.push_str(&format!("审计链完整，{count} 条 the chain is intact, {count} lines\n"));
        }
    }
    text
}

fn line(line: &Line) -> Vec<String> {
    const ELSEWHERE: [&str; 5] = ["seq", "at", "event", "previous", "hash"];
    let text = |value: &Value| match value {
        Value::String(text) if !text.contains([' ', '"']) && !text.chars().any(char::is_control) => {
            text.clone()
        }
        other => other.to_string(),
    };
    let field = |name: &str| line.fields.get(name).map(text).unwrap_or_default();
    let rest = line.fields.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    let rest: Vec<String> = rest.map(|(name, value)| format!("{name}={}", text(value))).collect();
    vec![field("seq"), field("at"), field("event"), rest.join(" ")]
}
