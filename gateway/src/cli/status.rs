//! `patrol-gateway status`: may the power go, and what still has to reach the platform?

mod uplinks;

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::human::{age, bytes, class_zh, span};
use super::{Exit, damage, local_api, losses, print};
use crate::clock;
use crate::domain::report::Class;
use crate::http::status::{StatusReport, StoreReport};
use crate::mqtt::transport::renewal::WARN_BEFORE_S;

/// Asks the gateway at `address` and prints its answer: words, or the JSON of the HTTP API.
pub fn run(address: SocketAddr, json: bool) -> Exit {
    let report = match local_api::status(address) {
        Ok(report) => report,
        Err(error) => return local_api::complain(&error, json),
    };
    match (json, serde_json::to_string_pretty(&report)) {
        (false, _) => print(&words(&report, clock::unix_ms())),
        (true, Ok(text)) => print(&format!("{text}\n")),
        (true, Err(_)) => Exit::Failure,
    }
}

/// The answer in plain words.
fn words(report: &StatusReport, now_ms: i64) -> String {
    let mut text = format!("{}\n", verdict(report, now_ms));
    let mut line = |name: &str, value: String| _ = writeln!(text, "{name}  {value}");
    line("网关 gateway", format!("{} (patrol-gateway {})", report.gateway, report.version));
    line("设备 devices", format!("{} 台在线 connected", report.devices_connected));
    if let Some(told) = certificate(report, now_ms) {
        line("证书 cert   ", told);
    }
    line("待报 pending", pending(report));
    for told in uplinks::told(report, now_ms) {
        line("上行 uplink ", told);
    }
    let store = &report.store;
    line("存储 store  ", format!("{} / {}", bytes(store.used_bytes), bytes(store.max_bytes)));
    line("缓冲 buffer ", buffer(store));
    line("闪存 flash  ", flash(store));
    if store.full {
        line(
            "注意 note   ",
            "存储已满，暂停确认 the store is full: acknowledgements are withheld".to_owned(),
        );
    }
    for told in damage::told(&report.damage) {
        line("损坏 DAMAGE ", told);
    }
    if report.dead_letters + report.quarantined > 0 {
        let (dead, kept) = (report.dead_letters, report.quarantined);
        let told = format!(
            "平台拒收 {dead}，无法解析 {kept} · {dead} refused by the platform, {kept} not understood"
        );
        line("留存 kept   ", told);
    }
    if let Some(told) = losses::told(&report.losses) {
        line("损失 losses ", told);
    }
    text
}

/// The listener's certificate: until when, and that somebody should renew it.
fn certificate(report: &StatusReport, now_ms: i64) -> Option<String> {
    let until = report.certificate_expires_at.as_deref()?;
    let expires: jiff::Timestamp = until.parse().ok()?;
    let left_s = expires.as_second() - now_ms / 1000;
    let days = left_s / (24 * 60 * 60);
    Some(match left_s {
        ..=0 => format!("已过期 EXPIRED {until}: 校验证书的设备无法接入 devices that check it stay away"),
        1..=WARN_BEFORE_S => format!("{until}: 还剩 {days} 天，请更换 {days} days left, renew it"),
        _ => format!("{until}: 还剩 {days} 天 {days} days left"),
    })
}

/// How long the store takes what comes, were nothing sent.
fn buffer(store: &StoreReport) -> String {
    let room = bytes(store.room_bytes);
    match store.buffer_left_s.map(span) {
        Some((zh, en)) => format!("按目前速度还可缓存 {zh} {en} left at the present rate ({room})"),
        None => format!("余 {room} left"),
    }
}

/// How much is written to flash, against what may be.
fn flash(store: &StoreReport) -> String {
    let budget = bytes(store.flash_budget_bytes_per_day);
    let Some(per_day) = store.flash_bytes_per_day else {
        return format!("预算每日 {budget} a day is the budget");
    };
    let told = format!("每日 {} / {budget} a day", bytes(per_day));
    match per_day > store.flash_budget_bytes_per_day {
        true => format!("{told}: 超出预算，闪存会提前损坏 over budget, the flash wears out early"),
        false => told,
    }
}

/// The first line: the only one that most people need.
fn verdict(report: &StatusReport, now_ms: i64) -> String {
    let (zh, en) = match report.safe_to_power_off {
        true => ("可以断电", "Safe to power off"),
        false => ("不要断电", "Do NOT power off"),
    };
    let (incidents, all) = (report.pending.incident, report.pending_total);
    if all == 0 {
        return format!("{zh} {en}: 无待报 · nothing pending");
    }
    let oldest = report.oldest_received_at.as_deref().and_then(|time| age(time, now_ms));
    let (oldest_zh, oldest_en) = match oldest {
        Some((zh, en)) => (format!("，最早 {zh}前"), format!(", oldest {en}")),
        None => (String::new(), String::new()),
    };
    let plural = if incidents == 1 { "" } else { "s" };
    let others = all - incidents.min(all);
    format!(
        "{zh} {en}: 待报案件 {incidents} 起、其他 {others} 条{oldest_zh} · {incidents} incident{plural} and {others} \
         other reports pending{oldest_en}"
    )
}

fn pending(report: &StatusReport) -> String {
    let waiting = Class::ALL.into_iter().filter(|class| report.pending.class(*class) > 0);
    let classes: Vec<String> =
        waiting.map(|class| format!("{} {class} {}", class_zh(class), report.pending.class(class))).collect();
    match classes.is_empty() {
        true => "无 none".to_owned(),
        false => format!("{} ({})", classes.join(", "), bytes(report.pending_bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::loss::LossReason;
    use crate::metrics::Metrics;
    use crate::store::snapshot::Snapshot;

    const NOW_MS: i64 = 1_785_000_000_000;

    fn report(change: impl FnOnce(&mut Snapshot)) -> StatusReport {
        let mut store = Snapshot { max_bytes: 2 << 30, ..Snapshot::default() };
        change(&mut store);
        StatusReport::new("box-017", &store, &[], &Metrics::new())
    }

    #[test]
    fn the_first_line_says_whether_the_power_may_go_and_what_waits() {
        let idle = words(&report(|_| {}), NOW_MS);
        assert!(idle.starts_with("可以断电 Safe to power off: 无待报 · nothing pending\n"), "{idle}");
        let busy = words(
            &report(|store| {
                store.backlog[Class::Incident as usize].records = 3;
                store.backlog[Class::Incident as usize].oldest_received_at_ms = Some(NOW_MS - 14 * 60_000);
                store.backlog[Class::Telemetry as usize].records = 40;
            }),
            NOW_MS,
        );
        let first = busy.lines().next().unwrap();
        assert_eq!(
            first,
            "可以断电 Safe to power off: 待报案件 3 起、其他 40 条，最早 14 分钟前 · 3 incidents and 40 other reports \
             pending, oldest 14 min"
        );
        assert!(busy.contains("案件 incident 3, 轨迹 telemetry 40"), "{busy}");
    }

    #[test]
    fn the_certificate_is_told_and_its_end_in_time() {
        let told = |days: i64| {
            let expires_ms = NOW_MS + days * 24 * 60 * 60 * 1000;
            let metrics = Metrics::new();
            metrics.listener_certificate_expires.set(expires_ms / 1000);
            let store = Snapshot::default();
            words(&StatusReport::new("box-017", &store, &[], &metrics), NOW_MS)
        };
        assert!(told(90).contains("90 天 90 days left\n"), "{}", told(90));
        assert!(told(29).contains("请更换 29 days left, renew it\n"), "{}", told(29));
        assert!(told(-1).contains("已过期 EXPIRED"), "{}", told(-1));
        assert!(!words(&report(|_| {}), NOW_MS).contains("cert"));
    }

    #[test]
    fn the_buffer_that_is_left_and_the_flash_that_is_worn_are_told() {
        let text = words(
            &report(|store| {
                store.room_bytes = 1 << 30;
                store.flow.ingest_bytes_per_hour = Some(20 << 20);
                store.flow.flash_bytes_per_day = Some(3 << 30);
                store.flow.flash_budget_bytes_per_day = 2 << 30;
            }),
            NOW_MS,
        );
        // 1 GiB for a payload that takes five quarters, at 20 MiB an hour.
        assert!(text.contains("还可缓存 40 小时 40 h left at the present rate (1.0 GiB)"), "{text}");
        assert!(text.contains("每日 3.0 GiB / 2.0 GiB a day: 超出预算"), "{text}");
    }

    #[test]
    fn a_full_store_and_kept_payloads_are_not_hidden() {
        let text = words(&report(|store| (store.full, store.dead_letters) = (true, 2)), NOW_MS);
        assert!(text.contains("the store is full"), "{text}");
        assert!(text.contains("2 refused by the platform"), "{text}");
    }

    #[test]
    fn losses_have_a_line_when_there_are_any() {
        assert!(!words(&report(|_| {}), NOW_MS).contains("losses"));
        let lossy = |store: &mut Snapshot| {
            store.losses.lost[LossReason::Thinned as usize] = 14;
            store.losses.lost[LossReason::NotUnderstood as usize] = 3;
            store.losses.unreported_rows = 2;
        };
        let text = words(&report(lossy), NOW_MS);
        let line = "损失 losses   抽稀 thinned 14, 无法解析 not_understood 3 (记录 2 条未上报 · 2 loss records not \
                    told to the platform yet)\n";
        assert!(text.contains(line), "{text}");
    }
}
