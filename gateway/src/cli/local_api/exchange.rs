//! A request to the API of the gateway on this machine whose answer is read as it comes.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::ApiError;
use crate::http::token::Token;

/// For the connection, and for each silence after it. A commit on slow flash, and the wait for a place, fit many times.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer's head at most.
const HEAD_BYTES_MAX: u64 = 16 * 1024;
/// Bytes of an answer's body that are read when it is text.
const TEXT_BYTES_MAX: u64 = 64 * 1024;
/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// Whom to ask, and with which token.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where it is.
    pub address: SocketAddr,
    /// What to show.
    pub token: Option<Token>,
}

/// What was answered: its code, and its body as it comes.
pub struct Answer {
    code: u16,
    body: BufReader<TcpStream>,
}

impl Api {
    /// GET.
    ///
    /// # Errors
    /// [`ApiError`]; [`ApiError::Refused`] for any code but 200.
    pub fn get(&self, path: &str) -> Result<Answer, ApiError> {
        self.exchange("GET", path, &[])
    }

    /// POST.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub fn post(&self, path: &str, body: &[u8]) -> Result<Answer, ApiError> {
        self.exchange("POST", path, body)
    }

    fn exchange(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer, ApiError> {
        let address = self.address;
        let silent = |source: io::Error| match source.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::AddrNotAvailable => ApiError::NotRunning { address },
            ErrorKind::InvalidData => ApiError::Foreign { address },
            _ => ApiError::Silent { address, source },
        };
        let answer = self.try_exchange(method, path, body).map_err(silent)?;
        match answer.code {
            200 => Ok(answer),
            code => Err(ApiError::Refused { code, reason: answer.reason() }),
        }
    }

    fn try_exchange(&self, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = TcpStream::connect_timeout(&self.address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        // HTTP/1.0, so that the body comes in one piece.
        let mut head = format!("{method} {path} HTTP/1.0\r\nhost: {}\r\n", self.address);
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: {}\r\n", token.header()));
        }
        if method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut body = BufReader::with_capacity(READ_BYTES, stream);
        let code = read_head(&mut body)?;
        Ok(Answer { code, body })
    }
}

/// The code of an answer; what stands behind its head is left to be read.
fn read_head(input: &mut impl BufRead) -> io::Result<u16> {
    let mut head = input.take(HEAD_BYTES_MAX);
    let foreign = || io::Error::from(ErrorKind::InvalidData);
    let mut line = Vec::new();
    head.read_until(b'\n', &mut line)?;
    let code = line.strip_prefix(b"HTTP/1.").and_then(|rest| std::str::from_utf8(rest.get(2..5)?).ok());
    let code = code.and_then(|code| code.parse().ok()).ok_or_else(foreign)?;
    loop {
        line.clear();
        head.read_until(b'\n', &mut line)?;
        match line.as_slice() {
            b"\r\n" => return Ok(code),
            line if line.ends_with(b"\n") => {}
            _ => return Err(foreign()),
        }
    }
}

impl Answer {
    /// The body, to be read as it comes.
    pub fn into_body(self) -> BufReader<TcpStream> {
        self.body
    }

    /// The whole body.
    ///
    /// # Errors
    /// It broke off.
    pub fn text(self) -> io::Result<String> {
        let mut text = String::new();
        self.body.take(TEXT_BYTES_MAX).read_to_string(&mut text)?;
        Ok(text)
    }

    /// Why it was refused, in the API's words.
    fn reason(self) -> String {
        let text = self.text().unwrap_or_default();
        let said = serde_json::from_str::<serde_json::Value>(&text).ok();
        let said = said.and_then(|said| said["error"].as_str().map(str::to_owned));
        said.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::stand_in::serve_once;
    use super::*;

    fn ask(answer: &str) -> Result<String, ApiError> {
        let (address, served) = serve_once(answer.into());
        let told = Api { address, token: None }.get("/x").map(|answer| answer.text().unwrap());
        served.join().unwrap();
        told
    }

    #[test]
    fn the_body_and_the_reason_of_a_refusal_are_read() {
        assert_eq!(ask("HTTP/1.0 200 OK\r\nx: y\r\n\r\nbody\r\n\r\n").unwrap(), "body\r\n\r\n");
        let refused = ask("HTTP/1.1 507 No\r\n\r\n{\"error\": \"full\"}").unwrap_err();
        assert!(matches!(refused, ApiError::Refused { code: 507, reason } if reason == "full"));
    }

    #[test]
    fn what_is_no_answer_of_a_gateway_is_told_so() {
        for answer in ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nx: y", ""] {
            assert!(matches!(ask(answer), Err(ApiError::Foreign { .. })), "{answer}");
        }
    }
}
