//! Requests to a case system over HTTP: whether one may have arrived matters as much as what was answered.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Client, Identity, RequestBuilder, Url};

use super::SetupError;
use crate::config::Uplink;
use crate::uplink::carrier::Trouble;
use crate::uplink::open311::reply::shorten;

/// An answer is read up to here; a page of a thousand requests fits.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Idle and user time-out of a connection.
const TCP_TIMEOUT: Duration = Duration::from_secs(20);

/// A client of one platform.
#[derive(Debug, Clone)]
pub(in crate::uplink) struct Http {
    client: Client,
    base: String,
}

/// An answer.
#[derive(Debug)]
pub(in crate::uplink) struct Response {
    pub(in crate::uplink) status: u16,
    pub(in crate::uplink) retry_after: Option<Duration>,
    pub(in crate::uplink) body: Vec<u8>,
}

/// No answer.
#[derive(Debug)]
pub(in crate::uplink) struct NoAnswer {
    /// The platform can't have got it: there was no connection.
    pub(in crate::uplink) never_left: bool,
    pub(in crate::uplink) trouble: Trouble,
}

impl Http {
    /// Reads the files that the configuration names. Connects to nobody yet.
    pub(in crate::uplink) fn new(uplink: &Uplink) -> Result<Http, SetupError> {
        let read = |path: &std::path::PathBuf| {
            std::fs::read(path).map_err(|source| SetupError::File { path: path.clone(), source })
        };
        let mut builder = Client::builder()
            .user_agent(concat!("patrol-gateway/", env!("CARGO_PKG_VERSION")))
            // A redirect could lead from https to http, and to somebody else.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(uplink.timeout)
            .pool_max_idle_per_host(1)
            .tcp_keepalive(TCP_TIMEOUT)
            .tcp_user_timeout(TCP_TIMEOUT);
        if let Some(path) = &uplink.ca_file {
            let certificates = Certificate::from_pem_bundle(&read(path)?).map_err(SetupError::Tls)?;
            if certificates.is_empty() {
                let reason = "no certificate in PEM form".to_owned();
                return Err(SetupError::Content { path: path.clone(), reason });
            }
            builder = builder.tls_certs_only(certificates);
        }
        if let Some(own) = &uplink.client {
            let mut pem = read(&own.certificate)?;
            pem.extend(read(&own.key)?);
            builder = builder.identity(Identity::from_pem(&pem).map_err(SetupError::Tls)?);
        }
        let client = builder.build().map_err(SetupError::Tls)?;
        Ok(Http { client, base: uplink.url.as_str().trim_end_matches('/').to_owned() })
    }

    /// Asks for what is at a path.
    pub(in crate::uplink) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Response, NoAnswer> {
        let query = form(query);
        let mark = if query.is_empty() { "" } else { "?" };
        send(self.client.get(format!("{}{path}{mark}{query}", self.base))).await
    }

    /// Sends a body to a path.
    pub(in crate::uplink) async fn post(
        &self,
        path: &str,
        content_type: &'static str,
        bearer: Option<&str>,
        body: String,
    ) -> Result<Response, NoAnswer> {
        let request = self.client.post(format!("{}{path}", self.base)).header(CONTENT_TYPE, content_type);
        let request = bearer.into_iter().fold(request, RequestBuilder::bearer_auth);
        send(request.body(body)).await
    }
}

impl Response {
    /// What a status means that says nothing about the content.
    pub(in crate::uplink) fn trouble(&self) -> Option<Trouble> {
        match self.status {
            408 | 425 | 429 | 500.. => {
                Some(Trouble::Unavailable { status: self.status, retry_after: self.retry_after })
            }
            401 | 403 | 300..=399 => Some(Trouble::Denied { status: self.status }),
            _ => None,
        }
    }
}

/// Names and values as a form's body, or an address's query.
pub(in crate::uplink) fn form(pairs: &[(&str, String)]) -> String {
    let Ok(mut url) = Url::parse("http://localhost/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

async fn send(request: RequestBuilder) -> Result<Response, NoAnswer> {
    let mut response = request.send().await.map_err(no_answer)?;
    let status = response.status().as_u16();
    // A date would need a clock that both trust; the lane's own wait does.
    let seconds =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            let trouble = Trouble::Garbled(format!("more than {ANSWER_BYTES_MAX} bytes"));
            return Err(NoAnswer { never_left: false, trouble });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, retry_after: seconds.map(Duration::from_secs), body })
}

/// The innermost cause says what happened; the outer ones only where.
fn no_answer(error: reqwest::Error) -> NoAnswer {
    let never_left = error.is_connect();
    if error.is_timeout() {
        return NoAnswer { never_left, trouble: Trouble::Deadline };
    }
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    NoAnswer { never_left, trouble: Trouble::NoAnswer(shorten(&innermost.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_character_apart_from_its_own() {
        let pairs = [("a", "1 & 2=3".to_owned()), ("文", "%".to_owned())];
        assert_eq!(form(&pairs), "a=1+%26+2%3D3&%E6%96%87=%25");
        assert_eq!(form(&[]), "");
    }
}
