//! Does the platform's address lead anywhere? The files of the uplink are read the way the service reads them, the name
//! is looked up and a connection made; with TLS the platform's certificate is verified, by a request without our token, and the
//! days are told that it and the gateway's own certificate have left. Whether the token is good only the first batch will tell.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Finding;
use crate::config::Uplink;
use crate::uplink::carrier::Trouble;
use crate::uplink::https::Platform;
use crate::uplink::https::tls::expiry::{self, CertificateNews};
use crate::uplink::https::tls::floor::ClockFloor;

/// For the look-up and all connections together; the system's own limit for a look-up is much longer.
const TIME_MAX: Duration = Duration::from_secs(5);
/// From so many days on a certificate's end is a warning.
const WARN_BEFORE_DAYS: i64 = 30;
/// For one address.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

/// Checks each uplink; that there is none is a finding too.
pub(super) fn check_all(uplinks: &[Uplink]) -> Vec<Finding> {
    match uplinks.is_empty() {
        true => vec![Finding::warning("未配置，只缓存 none: buffering until one is configured")],
        false => uplinks.iter().map(check).collect(),
    }
}

fn check(uplink: &Uplink) -> Finding {
    let platform = match Platform::new(uplink) {
        Ok(platform) => platform,
        Err(error) => return Finding::failure(format!("无法使用 unusable: {error}")),
    };
    if uplink.url.scheme() == "https" {
        return greet(uplink, &platform);
    }
    let (Some(host), Some(port)) = (uplink.url.host_str(), port(uplink)) else {
        return Finding::failure(format!("{}: 无主机名 no host", uplink.url));
    };
    match reach(host.trim_matches(['[', ']']).to_owned(), port) {
        Ok(()) => Finding::ok(format!("{}: TCP 可达 reachable by TCP", uplink.url)),
        Err(why) => Finding::failure(format!("{}: 不可达 not reachable: {why}", uplink.url)),
    }
}

/// The port of the URL, or the one that its scheme usually has.
fn port(uplink: &Uplink) -> Option<u16> {
    uplink.url.port_or_known_default().or(match uplink.url.scheme() {
        "mqtt" => Some(1883),
        "mqtts" => Some(8883),
        "nats" | "tls" => Some(4222),
        _ => None,
    })
}

/// Speaks to the platform by TLS.
fn greet(uplink: &Uplink, platform: &Platform) -> Finding {
    let greeting = async { tokio::time::timeout(TIME_MAX, platform.greet()).await };
    let greeted = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(greeting).unwrap_or(Err(Trouble::Deadline)),
        Err(error) => Err(Trouble::NoAnswer(error.to_string())),
    };
    let news = platform.certificates().borrow().clone();
    match greeted {
        Ok(()) => judge(uplink, &news, ClockFloor::default().now_unix_s()),
        Err(why) => Finding::failure(format!("{}: 不可达 not reachable: {why}", uplink.url)),
    }
}

/// Says how long the certificates are good for.
fn judge(uplink: &Uplink, news: &CertificateNews, now_unix_s: i64) -> Finding {
    let mut text = format!("{}: TLS 可达 reachable by TLS", uplink.url);
    let both = [
        ("平台证书 platform's certificate", news.platform_expires_at_ms),
        ("本机证书 our certificate", news.client_expires_at_ms),
    ];
    let days = both.map(|(name, expires_at_ms)| {
        let days = expires_at_ms.map(|expires_at_ms| expiry::days_left(expires_at_ms, now_unix_s));
        if let Some(days) = days {
            text.push_str(&format!("; {name}: 剩余 {days} 天 {days} days left"));
        }
        days
    });
    match days.into_iter().flatten().min() {
        Some(..0) => Finding::failure(format!("{text}: 已过期 expired")),
        Some(..=WARN_BEFORE_DAYS) => Finding::warning(format!("{text}: 即将过期，请更换 renew it")),
        _ => Finding::ok(text),
    }
}

/// Connects to the first address that takes it. A thread of its own, because a look-up can't be interrupted; one that
/// hangs ends with the process.
fn reach(host: String, port: u16) -> Result<(), String> {
    let (tell, told) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let _ = tell.send(connect(&host, port)); // nobody listens any more once the time is over
    });
    told.recv_timeout(TIME_MAX).unwrap_or_else(|_| Err(format!("no answer within {} s", TIME_MAX.as_secs())))
}

fn connect(host: &str, port: u16) -> Result<(), String> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| error.to_string())?;
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIME_MAX) {
            Ok(_) => return Ok(()),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn the_certificate_that_ends_first_decides() {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let uplink = Uplink::to("https://cases.example/".parse().unwrap());
        let judged = |platform_days: Option<i64>, client_days: Option<i64>| {
            let news = CertificateNews {
                platform_expires_at_ms: platform_days.map(|days| days * DAY_MS),
                client_expires_at_ms: client_days.map(|days| days * DAY_MS),
                unusable: None,
            };
            judge(&uplink, &news, 0)
        };
        assert_eq!(judged(Some(31), None).verdict, Verdict::Ok);
        assert_eq!(judged(Some(31), Some(30)).verdict, Verdict::Warning);
        assert_eq!(judged(Some(-1), Some(300)).verdict, Verdict::Failure);
        assert!(judged(Some(200), Some(90)).text.contains("200 days left"));
        assert!(judged(Some(200), Some(90)).text.contains("90 days left"));
    }

    #[test]
    fn none_is_a_warning_a_listening_platform_passes_and_a_dead_one_fails() {
        assert_eq!(check_all(&[])[0].verdict, Verdict::Warning);
        let platform = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ingest", platform.local_addr().unwrap());
        let mut uplink = Uplink::to(url.parse().unwrap());
        assert_eq!(check(&uplink).verdict, Verdict::Ok);
        drop(platform);
        assert_eq!(check(&uplink).verdict, Verdict::Failure);
        let verdicts: Vec<_> =
            check_all(&[uplink.clone(), uplink.clone()]).iter().map(|found| found.verdict).collect();
        assert_eq!(verdicts, [Verdict::Failure; 2], "each is checked");
        let broker = Uplink { url: "mqtts://broker.example".parse().unwrap(), ..uplink.clone() };
        assert_eq!(port(&broker), Some(8883), "where a broker usually is");
        uplink.token_file = Some("/nowhere/token".into());
        assert!(check(&uplink).text.contains("/nowhere/token"));
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        (uplink.token_file, uplink.ca_file) = (None, Some(ca.path().to_owned()));
        assert!(check(&uplink).text.contains("unusable"), "{:?}", check(&uplink));
        std::fs::write(ca.path(), "no certificate at all").unwrap();
        assert!(check(&uplink).text.contains("no certificate"), "{:?}", check(&uplink));
    }
}
