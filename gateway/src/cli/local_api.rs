//! Asking the gateway that runs on this machine: one GET to its HTTP API on loopback.

pub mod exchange;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::de::DeserializeOwned;
use thiserror::Error;

use self::exchange::Api;
use super::{Exit, print};
use crate::domain::indicators::{Query, Sheet};
use crate::domain::points::{Period, PointsSheet};
use crate::domain::report::DeviceId;
use crate::http::devices::{self, DeviceLast, DeviceList};
use crate::http::indicators;
use crate::http::losses::LossPage;
use crate::http::points;
use crate::http::status::StatusReport;

/// For the connection, and for each silence after it.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Longest answer of many rows that is read: 10,000 indicators' rows are 10 MB.
const ROWS_BYTES_MAX: u64 = 64 << 20;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ApiError {
    /// Nothing listens there: no gateway runs with this configuration.
    #[error("nothing listens at {address}")]
    NotRunning {
        /// Where it was asked.
        address: SocketAddr,
    },
    /// Something listens and does not answer.
    #[error("no answer from {address}: {source}")]
    Silent {
        /// Where it was asked.
        address: SocketAddr,
        /// What happened.
        source: io::Error,
    },
    /// The answer is not a gateway's: another program listens there.
    #[error("what answers at {address} is no patrol gateway")]
    Foreign {
        /// Where it was asked.
        address: SocketAddr,
    },
    /// It does not do what it was asked for.
    #[error("it answers {code}: {reason}")]
    Refused {
        /// The code of the answer.
        code: u16,
        /// Why, in its words.
        reason: String,
    },
}

/// The running gateway's status.
pub fn status(address: SocketAddr) -> Result<StatusReport, ApiError> {
    ask(address, "/api/v1/status")
}

/// The running gateway's loss records with numbers above `after`, up to `limit` of them, oldest first.
pub fn losses(address: SocketAddr, after: i64, limit: u32) -> Result<LossPage, ApiError> {
    ask(address, &format!("/api/v1/losses?after={after}&limit={limit}"))
}

/// The devices that sent something to the running gateway.
pub fn devices(address: SocketAddr) -> Result<DeviceList, ApiError> {
    ask(address, devices::PATH)
}

/// What a device sent last to the running gateway; [`ApiError::Refused`] for one that is not known.
pub fn device_last(address: SocketAddr, device: &DeviceId) -> Result<DeviceLast, ApiError> {
    let answer = Api { address, token: None }.get(&format!("{}/{device}/last", devices::PATH))?;
    let text = answer.text().map_err(|source| ApiError::Silent { address, source })?;
    serde_json::from_str(&text).map_err(|_| ApiError::Foreign { address })
}

/// The running gateway's indicators; [`ApiError::Refused`] when they would be too many.
pub fn indicators(address: SocketAddr, query: &Query) -> Result<Sheet, ApiError> {
    rows(address, &indicators::path_of(query))
}

/// Scores and ranks of stall cards; without a period those of the current month.
pub fn points(
    address: SocketAddr,
    period: Option<Period>,
    card: Option<&str>,
) -> Result<PointsSheet, ApiError> {
    rows(address, &points::path_of(period, card))
}

/// An answer of many rows.
fn rows<T: DeserializeOwned>(address: SocketAddr, path: &str) -> Result<T, ApiError> {
    let body = Api { address, token: None }.get(path)?.into_body();
    serde_json::from_reader(body.take(ROWS_BYTES_MAX)).map_err(|error| match error.io_error_kind() {
        Some(kind) => ApiError::Silent { address, source: kind.into() },
        None => ApiError::Foreign { address },
    })
}

/// Says why there is no answer, and how the process ends. Who reads JSON wants nothing else on stdout.
pub(super) fn complain(error: &ApiError, json: bool) -> Exit {
    let (told, exit) = match error {
        ApiError::NotRunning { .. } => ("网关未运行 The gateway is not running", Exit::NotRunning),
        ApiError::Silent { .. } | ApiError::Foreign { .. } | ApiError::Refused { .. } => {
            ("网关无应答 The gateway does not answer", Exit::Failure)
        }
    };
    let text = format!("{told}: {error}\n");
    match json {
        true => eprint!("{text}"),
        false => _ = print(&text),
    }
    exit
}

fn ask<T: DeserializeOwned>(address: SocketAddr, path: &str) -> Result<T, ApiError> {
    let answer = get(address, path).map_err(|source| match source.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable => ApiError::NotRunning { address },
        _ => ApiError::Silent { address, source },
    })?;
    body(&answer).and_then(|body| serde_json::from_slice(body).ok()).ok_or(ApiError::Foreign { address })
}

/// The whole answer as it came; the API closes the connection after it.
fn get(address: SocketAddr, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // HTTP/1.0, so that the body comes in one piece.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// The body of an answer with code 200.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let code = answer.strip_prefix(b"HTTP/1.")?.get(1..5)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    (code == b" 200").then(|| &answer[end + 4..])
}

/// Stand-ins for what may listen at the API's address.
#[cfg(test)]
pub(super) mod stand_in {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request with `answer`, whatever it asks.
    pub(in crate::cli) fn serve_once(answer: Vec<u8>) -> (SocketAddr, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            assert_ne!(stream.read(&mut request).unwrap(), 0);
            stream.write_all(&answer).unwrap();
        });
        (address, served)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::stand_in::serve_once;
    use super::*;

    #[test]
    fn nothing_there_is_told_apart_from_another_program() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(matches!(status(free), Err(ApiError::NotRunning { .. })));
        for answer in ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\n\r\n{}", "HTTP/1.1 404 no\r\n\r\n", ""] {
            let (address, served) = serve_once(answer.into());
            let told = status(address);
            served.join().unwrap();
            assert!(matches!(told, Err(ApiError::Foreign { .. })), "{told:?}");
        }
    }
}
