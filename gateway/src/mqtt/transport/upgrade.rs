//! Whether a request becomes a WebSocket with MQTT in it: pure rules over what it says.

use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::{HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Where MQTT is, as in the examples of the standard's users.
const PATH: &str = "/mqtt";
/// The standard's name for it.
const SUBPROTOCOL: &str = "mqtt";

/// Who may open a WebSocket.
#[derive(Debug, Clone, Default)]
pub struct WebRules {
    /// Web pages from elsewhere whose scripts may: scheme, host, port.
    pub origins: Vec<String>,
}

impl WebRules {
    /// The answer to a request: an upgrade, or why there is none.
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    pub(super) fn answer(
        &self,
        request: &Request,
        mut response: Response,
    ) -> Result<Response, ErrorResponse> {
        if request.uri().path() != PATH {
            return Err(refuse(StatusCode::NOT_FOUND, "MQTT is at /mqtt\n"));
        }
        if !offers_mqtt(request.headers()) {
            return Err(refuse(StatusCode::BAD_REQUEST, "the subprotocol must be mqtt\n"));
        }
        if !self.is_welcome(request.headers()) {
            return Err(refuse(StatusCode::FORBIDDEN, "this origin is not in listener.ws_origins\n"));
        }
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        Ok(response)
    }

    /// Browsers say which page a script is from; without that, any page that somebody on this network looks at could
    /// connect. Programs say nothing, or the address that they connect to. A name is not enough for that: whoever owns one
    /// can let it lead here.
    fn is_welcome(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)) {
            return true;
        }
        let own = origin.split_once("://").map(|(_, authority)| authority);
        own.is_some_and(|own| text(headers, HOST) == Some(own) && is_literal(own))
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn offers_mqtt(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|offer| offer.split(',')).any(|offer| offer.trim() == SUBPROTOCOL)
}

/// An address in figures, or this machine's own name; with or without a port.
fn is_literal(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok()
}

fn refuse(status: StatusCode, why: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(why.to_owned()));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(path: &str, headers: &[(&str, &str)]) -> u16 {
        let rules = WebRules { origins: vec!["https://desk.example.city".to_owned()] };
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match rules.answer(&request.body(()).unwrap(), Response::default()) {
            Ok(response) => {
                assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "mqtt");
                101
            }
            Err(refusal) => refusal.status().as_u16(),
        }
    }

    #[test]
    fn the_path_and_the_subprotocol_must_be_those_of_mqtt() {
        let protocol = "sec-websocket-protocol";
        assert_eq!(status("/mqtt", &[(protocol, "mqtt")]), 101);
        assert_eq!(status("/mqtt?x=1", &[(protocol, "mqttv3.1, mqtt")]), 101);
        assert_eq!(status("/mqtt", &[(protocol, "chat"), (protocol, "mqtt")]), 101);
        for path in ["/", "/mqtt/", "/MQTT", "/mqtt2"] {
            assert_eq!(status(path, &[(protocol, "mqtt")]), 404, "{path}");
        }
        for offers in [&[][..], &[(protocol, "mqttv3.1")], &[(protocol, "mqtt2")]] {
            assert_eq!(status("/mqtt", offers), 400, "{offers:?}");
        }
    }

    #[test]
    fn pages_from_elsewhere_must_be_named_and_programs_that_name_the_gateway_itself_need_not() {
        let from = |host: &str, origin: &str| {
            status("/mqtt", &[("sec-websocket-protocol", "mqtt"), ("host", host), ("origin", origin)])
        };
        let host = "10.0.0.7:8083";
        assert_eq!(from(host, "https://desk.example.city"), 101);
        assert_eq!(from(host, "http://10.0.0.7:8083"), 101);
        assert_eq!(from("localhost:8083", "http://localhost:8083"), 101);
        assert_eq!(from("[::1]:8083", "http://[::1]:8083"), 101);
        let strangers = [
            "https://evil.example",
            "http://desk.example.city",
            "https://desk.example.city.evil",
            "null",
            "",
        ];
        for origin in strangers {
            assert_eq!(from(host, origin), 403, "{origin}");
        }
        assert_eq!(from("evil.example:8083", "http://evil.example:8083"), 403, "a name that leads here");
    }
}
