//! The uplinks in the words of the status: what they do, how fast, until when, and what holds something back.

use std::fmt::Write as _;

use crate::cli::human::{age, bytes, class_zh, span};
use crate::domain::report::Class;
use crate::http::status::StatusReport;
use crate::http::uplinks::{HeldBackReport, UplinkReport};

/// Days before a certificate's end from which somebody is told to renew it.
const WARN_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One text for each uplink, and one that says that there is none.
pub(super) fn told(report: &StatusReport, now_ms: i64) -> Vec<String> {
    // A gateway of an earlier version tells of one.
    let all = if report.uplinks.is_empty() { std::slice::from_ref(&report.uplink) } else { &report.uplinks };
    let is_only_one = all.len() == 1;
    let named = |uplink: &UplinkReport| match is_only_one {
        true => words(uplink, now_ms),
        false => format!("{}: {}", uplink.name, words(uplink, now_ms)),
    };
    all.iter().map(named).collect()
}

fn words(uplink: &UplinkReport, now_ms: i64) -> String {
    let mut text = state(uplink);
    if let Some(error) = &uplink.last_error {
        _ = write!(text, " ({error})");
    }
    if let Some((zh, en)) = uplink.silent_for_s.filter(|seconds| *seconds > 0).map(span) {
        _ = write!(text, "; {zh}后再试 next try in {en}");
    }
    if uplink.waiting > 0 {
        _ = write!(text, "; 待发 {n} 条 {n} waiting", n = uplink.waiting);
        rate(&mut text, uplink);
    }
    if let Some((zh, en)) = uplink.drain_starts_in_s.filter(|seconds| *seconds > 0).map(span) {
        _ = write!(text, "; 积压 {zh}后开始发送 the backlog starts in {en}");
    }
    for held in &uplink.held_back {
        _ = write!(text, "; {}", held_back(held));
    }
    for (zh, en, left) in [
        ("今日流量余", "left of today's budget", uplink.budget_left_bytes),
        ("今日计费流量余", "left of today's metered budget", uplink.metered_budget_left_bytes),
    ] {
        if let Some(left) = left.map(bytes) {
            _ = write!(text, "; {zh} {left} {en}");
        }
    }
    certificates(&mut text, uplink, now_ms);
    if let Some((zh, en)) = uplink.last_accepted_at.as_deref().and_then(|time| age(time, now_ms)) {
        _ = write!(text, "; 上次接收 {zh}前 last accepted {en} ago");
    }
    text
}

fn state(uplink: &UplinkReport) -> String {
    match uplink.state.as_str() {
        "none" => "未配置，只缓存 none configured: buffering".to_owned(),
        "idle" => "空闲 idle".to_owned(),
        "sending" => "发送中 sending".to_owned(),
        "backing_off" => "等待重试 waiting to retry".to_owned(),
        "held_back" => "暂缓 held back".to_owned(),
        other => other.to_owned(),
    }
}

fn rate(text: &mut String, uplink: &UplinkReport) {
    if uplink.records_per_minute == 0 {
        return;
    }
    let per_s = bytes(uplink.wire_bytes_per_s);
    _ = write!(text, ", 每分钟 {} 条 a minute ({per_s}/s)", uplink.records_per_minute);
    match uplink.eta_s.map(span) {
        Some((zh, en)) => _ = write!(text, ", 约 {zh}发完 about {en} to drain"),
        None => text.push_str(", 积压在增长 the backlog grows"),
    }
}

/// Certificates that somebody should renew, and files that can't be used.
fn certificates(text: &mut String, uplink: &UplinkReport, now_ms: i64) {
    let days = |until: &str| {
        let until: jiff::Timestamp = until.parse().ok()?;
        Some(until.as_millisecond().checked_sub(now_ms)?.div_euclid(DAY_MS))
    };
    for (zh, en, until) in [
        ("平台证书", "the platform's certificate", &uplink.platform_certificate_expires_at),
        ("本机证书", "this gateway's certificate", &uplink.client_certificate_expires_at),
    ] {
        match until.as_deref().and_then(days) {
            Some(..0) => _ = write!(text, "; {zh}已过期 {en} has EXPIRED"),
            Some(left @ 0..WARN_DAYS) => {
                _ = write!(text, "; {zh}还剩 {left} 天，请更换 {en}: {left} days left, renew it");
            }
            _ => {}
        }
    }
    if let Some(why) = &uplink.unusable_files {
        _ = write!(text, "; 新文件无法使用 new files can't be used: {why}");
    }
}

fn held_back(held: &HeldBackReport) -> String {
    let class = match Class::from_name(&held.class) {
        Some(class) => format!("{} {class}", class_zh(class)),
        None => held.class.clone(),
    };
    let (zh, en) = match held.why.as_str() {
        "metered" => ("等待不计费链路", "wait for a link that is not metered"),
        "not_in_depot" => ("等待回场", "wait for the depot"),
        "budget_used" => ("今日流量已用完", "wait for tomorrow: the budget is used"),
        "metered_budget_used" => ("今日计费流量已用完", "wait: the metered budget is used"),
        "drain_jitter" => ("稍后开始", "start a little later"),
        other => (other, other),
    };
    format!("{class} {} 条{zh} {en}", held.records)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_795_396_364_000;

    fn uplink() -> UplinkReport {
        UplinkReport { kind: "https".into(), state: "sending".into(), ..UplinkReport::default() }
    }

    #[test]
    fn it_says_how_fast_until_when_and_what_is_held_back() {
        let report = UplinkReport {
            waiting: 1200,
            records_per_minute: 600,
            wire_bytes_per_s: 2048,
            eta_s: Some(120),
            budget_left_bytes: Some(50 << 20),
            held_back: vec![HeldBackReport {
                class: "telemetry".into(),
                records: 1000,
                why: "not_in_depot".into(),
            }],
            ..uplink()
        };
        let text = words(&report, NOW_MS);
        for part in ["1200 waiting", "600", "2 min to drain", "1000", "wait for the depot", "50.0 MiB left"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let expires = Some("2026-12-01T00:00:00Z".to_owned());
        let renew = words(&UplinkReport { platform_certificate_expires_at: expires, ..uplink() }, NOW_MS);
        assert!(renew.contains("days left, renew it"), "{renew}");
        let grows = words(&UplinkReport { eta_s: None, ..report }, NOW_MS);
        assert!(grows.contains("the backlog grows"), "{grows}");
        assert!(words(&UplinkReport::default(), NOW_MS).contains("none configured"));
    }
}
