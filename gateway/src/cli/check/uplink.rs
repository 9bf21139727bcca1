//! Does the platform's address lead anywhere? The files of the uplink are read the way the service reads them, the name
//! is looked up and a TCP connection made. Nothing is sent: whether the platform's certificate and our token are good
//! enough only the first request will tell.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Finding;
use crate::config::Uplink;
use crate::uplink::https::Platform;

/// For the look-up and all connections together; the system's own limit for a look-up is much longer.
const TIME_MAX: Duration = Duration::from_secs(5);
/// For one address.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);

pub(super) fn check(uplink: Option<&Uplink>) -> Finding {
    let Some(uplink) = uplink else {
        return Finding::warning("未配置，只缓存 none: buffering until one is configured");
    };
    // As the service does it at its start; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Err(error) = Platform::new(uplink) {
        return Finding::failure(format!("无法使用 unusable: {error}"));
    }
    let (Some(host), Some(port)) = (uplink.url.host_str(), uplink.url.port_or_known_default()) else {
        return Finding::failure(format!("{}: 无主机名 no host", uplink.url));
    };
    match reach(host.trim_matches(['[', ']']).to_owned(), port) {
        Ok(()) => Finding::ok(format!("{}: TCP 可达 reachable by TCP", uplink.url)),
        Err(why) => Finding::failure(format!("{}: 不可达 not reachable: {why}", uplink.url)),
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
    fn none_is_a_warning_a_listening_platform_passes_and_a_dead_one_fails() {
        assert_eq!(check(None).verdict, Verdict::Warning);
        let platform = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ingest", platform.local_addr().unwrap());
        let mut uplink = Uplink::to(url.parse().unwrap());
        assert_eq!(check(Some(&uplink)).verdict, Verdict::Ok);
        drop(platform);
        assert_eq!(check(Some(&uplink)).verdict, Verdict::Failure);
        uplink.token_file = Some("/nowhere/token".into());
        assert!(check(Some(&uplink)).text.contains("/nowhere/token"));
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        (uplink.token_file, uplink.ca_file) = (None, Some(ca.path().to_owned()));
        assert!(check(Some(&uplink)).text.contains("TLS"), "{:?}", check(Some(&uplink)));
        std::fs::write(ca.path(), "no certificate at all").unwrap();
        assert!(check(Some(&uplink)).text.contains("no certificate"), "{:?}", check(Some(&uplink)));
    }
}
