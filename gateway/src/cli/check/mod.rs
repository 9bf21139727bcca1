//! `patrol-gateway check`: would the gateway run here? One line for each thing it needs; nothing is changed.

mod accounts;
mod certificate;
mod devices;
mod disk;
mod geography;
mod http;
mod mapping;
mod ports;
mod uplink;

use std::net::SocketAddr;
use std::path::Path;

use super::{Args, Exit, load, print};
use crate::clock;
use crate::domain::report::ObservedAt;

/// What one check found, in Chinese and English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    verdict: Verdict,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// It runs, but somebody should know.
    Warning,
    Failure,
}

impl Verdict {
    /// Of one width on a terminal.
    const fn label(self) -> &'static str {
        match self {
            Verdict::Ok => "通过 ok  ",
            Verdict::Warning => "警告 warn",
            Verdict::Failure => "失败 FAIL",
        }
    }
}

impl Finding {
    fn ok(text: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Ok, text: text.into() }
    }

    fn warning(text: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Warning, text: text.into() }
    }

    fn failure(text: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Failure, text: text.into() }
    }
}

/// Checks everything and prints a line for each; [`Exit::Failure`] when any failed, the configuration included.
pub fn run(args: &Args) -> Exit {
    let config = match load(args) {
        Ok(config) => config,
        Err(error) => {
            let text = error.to_string().replace('\n', NEXT_LINE);
            print(&line("配置 config   ", &Finding::failure(text)));
            return Exit::Failure;
        }
    };
    let now_ms = clock::unix_ms();
    let listener = &config.listener;
    let mut findings = vec![
        (
            "配置 config   ",
            Finding::ok(args.config.as_deref().map_or(BUILT_IN.into(), Path::to_string_lossy)),
        ),
        ("磁盘 disk     ", disk::check(&config.gateway.data_dir, config.store.max_bytes)),
        ("时钟 clock    ", clock_set(now_ms)),
        ("设备 listener ", ports::check(accounts::bind(&config), &config)),
        ("账号 accounts ", accounts::check(&config)),
        ("密钥 devices  ", devices::check(&config.devices)),
        ("网页 http     ", http::check(&config)),
    ];
    findings
        .extend(uplink::check_all(&config.uplinks).into_iter().map(|finding| ("上行 uplink   ", finding)));
    findings.extend([
        ("地理 geography", geography::check(&config.geography)),
        ("映射 mapping  ", mapping::check(&config.mapping, &config.geography)),
    ]);
    let behind = |what: &'static str, bind: Option<SocketAddr>| Some((what, ports::check(bind?, &config)));
    findings.extend(behind("加密 mqtts    ", listener.tls_bind));
    findings.extend(behind("网页 ws       ", listener.ws_bind));
    findings.extend(behind("网页 wss      ", listener.wss_bind));
    findings.extend(certificate::check(listener, now_ms / 1000).map(|finding| ("证书 cert     ", finding)));
    let text: String = findings.iter().map(|(name, finding)| line(name, finding)).collect();
    let printed = print(&text);
    match findings.iter().any(|(_, finding)| finding.verdict == Verdict::Failure) {
        true => Exit::Failure,
        false => printed,
    }
}

/// Between the lines of one finding: they stand below each other.
const NEXT_LINE: &str = "\n                           ";

const BUILT_IN: &str = "内置默认值 built-in defaults";

fn line(name: &str, finding: &Finding) -> String {
    format!("{}  {name}  {}\n", finding.verdict.label(), finding.text)
}

/// Reports are taken whatever the clock shows; certificates are not.
fn clock_set(unix_ms: i64) -> Finding {
    let shown =
        jiff::Timestamp::from_millisecond(unix_ms).map_or("?".to_owned(), |time| format!("{time:.0}"));
    match unix_ms >= ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS {
        true => Finding::ok(shown),
        false => Finding::failure(format!("{shown}: 时钟未校准 the clock was never set")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_at_its_birth_is_found() {
        assert_eq!(clock_set(0).verdict, Verdict::Failure);
        assert_eq!(clock_set(-1).verdict, Verdict::Failure);
        assert_eq!(clock_set(ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS).verdict, Verdict::Ok);
        assert_eq!(clock_set(ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS).text, "2026-01-01T00:00:00Z");
    }
}
