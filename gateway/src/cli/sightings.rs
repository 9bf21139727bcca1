//! `patrol-gateway sightings [ID]`: which devices sent something, and what one of them sent last.

use std::fmt::Write as _;
use std::net::SocketAddr;

use clap::Args;

use super::human::{age, class_zh, columns};
use super::local_api::{self, ApiError};
use super::{Exit, print};
use crate::clock;
use crate::domain::report::{Class, DeviceId};
use crate::http::devices::{DeviceLast, DeviceLine, LastMessage};

/// Which device, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct SightingsArgs {
    /// The device; without one: all that sent something since the gateway's start
    #[arg(value_name = "ID", value_parser = device_id)]
    device: Option<DeviceId>,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
}

fn device_id(text: &str) -> Result<DeviceId, String> {
    let expected = || "1 to 32 of a-z, 0-9 and \"-\", not beginning with \"-\"".to_owned();
    DeviceId::parse(text).ok_or_else(expected)
}

/// Asks the gateway at `address` and prints its answer: words, or the JSON of the HTTP API.
pub fn run(address: SocketAddr, args: &SightingsArgs) -> Exit {
    let now_ms = clock::unix_ms();
    let told = match &args.device {
        None => local_api::devices(address).map(|list| match args.json {
            true => serde_json::to_string_pretty(&list),
            false => Ok(table(&list.devices, now_ms)),
        }),
        Some(device) => local_api::device_last(address, device).map(|last| match args.json {
            true => serde_json::to_string_pretty(&last),
            false => Ok(words(&last, now_ms)),
        }),
    };
    match told {
        Ok(Ok(text)) => print(&format!("{}\n", text.trim_end())),
        Ok(Err(_)) => Exit::Failure,
        Err(ApiError::Refused { code: 404, .. }) => {
            eprintln!("未见此设备 Nothing of this device since the gateway's start");
            Exit::Failure
        }
        Err(error) => local_api::complain(&error, args.json),
    }
}

fn table(devices: &[DeviceLine], now_ms: i64) -> String {
    if devices.is_empty() {
        return "启动以来无上报 nothing has come since the gateway's start\n".to_owned();
    }
    let head = ["设备 device", "最近 last seen", "接收 accepted", "隔离 quarantined"].map(str::to_owned);
    let line = |device: &DeviceLine| {
        let seen = ago(device.last_seen_at.as_deref(), now_ms);
        [device.device.clone(), seen, device.accepted.to_string(), device.quarantined.to_string()]
    };
    let lines: Vec<[String; 4]> = std::iter::once(head).chain(devices.iter().map(line)).collect();
    let mut text = String::new();
    for line in &lines {
        for (at, cell) in line.iter().enumerate() {
            let width = lines.iter().map(|line| columns(&line[at])).max().unwrap_or_default();
            _ = write!(text, "{cell}{:pad$}", "", pad = width - columns(cell) + 2);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn words(last: &DeviceLast, now_ms: i64) -> String {
    let DeviceLine { device, accepted, quarantined, .. } = &last.line;
    let mut text =
        format!("设备 device  {device}: 接收 accepted {accepted}, 隔离 quarantined {quarantined}\n");
    for message in &last.last {
        text.push('\n');
        message_words(&mut text, message, now_ms);
    }
    text
}

fn message_words(text: &mut String, message: &LastMessage, now_ms: i64) {
    let mut line = |name: &str, value: &str| _ = writeln!(text, "{name}  {value}");
    let class = message.class.as_deref().and_then(Class::from_name);
    let class =
        class.map_or("? 未知类别 unknown".to_owned(), |class| format!("{} {class}", class_zh(class)));
    let when = message.received_at.as_deref().unwrap_or("-");
    line("类别 class  ", &class);
    line("时间 time   ", &format!("{when} ({})", ago(message.received_at.as_deref(), now_ms)));
    line("主题 topic  ", &message.topic);
    let verdict = match (&message.reason, &message.detail) {
        (Some(reason), Some(detail)) => format!("隔离 quarantined: {reason}: {detail}"),
        _ => "接收 accepted".to_owned(),
    };
    line("结果 verdict", &verdict);
    let cut = if message.cut { ", 只显示开头 the beginning" } else { "" };
    let what = match message.encoding.as_str() {
        "json" => "已脱敏 redacted",
        "frame" => "帧头 the frame's header",
        _ => "既非帧也非JSON neither frame nor JSON",
    };
    line("内容 payload", &format!("{} B ({what}{cut})", message.bytes));
    line("            ", &message.shown);
}

fn ago(time: Option<&str>, now_ms: i64) -> String {
    time.and_then(|time| age(time, now_ms)).map_or("-".to_owned(), |(zh, en)| format!("{zh}前 {en} ago"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_785_000_000_000;

    #[test]
    fn a_technician_reads_what_came_and_why_it_was_not_taken() {
        let line = DeviceLine {
            device: "car-07".into(),
            last_seen_at: Some("2026-07-25T17:19:30Z".into()),
            accepted: 12,
            quarantined: 1,
        };
        let message = LastMessage {
            class: Some("incident".into()),
            received_at: line.last_seen_at.clone(),
            topic: "patrol/v1/up/car-07/incident".into(),
            bytes: 24,
            cut: false,
            encoding: "json".into(),
            shown: "{\"operator\":\"***\"}".into(),
            verdict: "quarantined".into(),
            reason: Some("missing_field".into()),
            detail: Some("kind is missing".into()),
        };
        assert_eq!(
            table(std::slice::from_ref(&line), NOW_MS),
            "设备 device  最近 last seen    接收 accepted  隔离 quarantined\n\
             car-07       30 秒前 30 s ago  12             1\n"
        );
        let text = words(&DeviceLast { line, last: vec![message] }, NOW_MS);
        for part in [
            "案件 incident",
            "隔离 quarantined: missing_field: kind is missing",
            "{\"operator\":\"***\"}",
            "24 B",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(table(&[], NOW_MS).contains("nothing has come"));
    }
}
