//! Stand-ins for the case systems that the gateway can speak to beside the project's own: a server of Open311 GeoReport v2, and one in
//! the style of the city platform's third-party interface ([`city`]). They are no products; what they do oddly, real ones do.
//!
//! The server of GeoReport makes a case of every POST, as the standard has no key for resends, and lists what it has.

pub mod city;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The key that it asks for.
pub const API_KEY: &str = "stand-in-key";
/// More cases than this are refused.
const CASES_MAX: usize = 10_000;

/// What the server does oddly from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quirk {
    /// Nothing: arrays in JSON.
    #[default]
    None,
    /// An object where the standard says array, and numbers as numbers.
    Objects,
    /// XML, whatever was asked for.
    Xml,
    /// Tokens, whose numbers come with the second question.
    Tokens,
    /// Tokens that never have a number.
    TokensForEver,
    /// Requests are taken in and answered 201, with neither a number nor a token.
    NoNumbers,
    /// The same, and requests are not listed either.
    NoNumbersNoList,
    /// Nothing gets to the server: something before it answers every request with 200 and a page for people.
    Page,
    /// Requests are taken in, and never answered.
    LoseAnswers,
    /// The same, and requests are not listed either.
    LoseAnswersAndList,
    /// Requests are listed without their descriptions.
    HideDescriptions,
    /// Every request is answered with this status and is not taken in.
    Status(u16),
    /// Every request is answered with 200 and a complaint.
    ComplaintWith200,
}

/// A case, by the fields that it was sent with.
pub type Fields = Vec<(String, String)>;

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub struct Open311Server {
    addr: SocketAddr,
    desk: Arc<Mutex<Desk>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Desk {
    quirk: Quirk,
    cases: Vec<Fields>,
    token_questions: u64,
    look_ups: u64,
}

type Shared = State<Arc<Mutex<Desk>>>;

impl Open311Server {
    /// Starts on a free port of this machine.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> std::io::Result<Open311Server> {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let router = Router::new()
            .route("/georeport/v2/requests.json", get(list).post(create))
            .route("/georeport/v2/tokens/{token}", get(token))
            .with_state(Arc::clone(&desk));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Open311Server { addr, desk, task })
    }

    /// What a gateway has as `uplink.url`.
    pub fn url(&self) -> String {
        format!("http://{}/georeport/v2", self.addr)
    }

    /// From now on it does this.
    pub fn set(&self, quirk: Quirk) {
        lock(&self.desk).quirk = quirk;
    }

    /// The cases it has, in order. The first one has the number 1001.
    pub fn cases(&self) -> Vec<Fields> {
        lock(&self.desk).cases.clone()
    }

    /// How often it was asked for a list.
    pub fn look_ups(&self) -> u64 {
        lock(&self.desk).look_ups
    }
}

impl Drop for Open311Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A field of a case.
pub fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(each, _)| each == name).map_or("", |(_, value)| value)
}

async fn create(State(desk): Shared, body: String) -> Response {
    let fields = pairs(&body);
    let (quirk, number) = {
        let mut desk = lock(&desk);
        let quirk = desk.quirk;
        let refused = match quirk {
            Quirk::Status(status) => Some(complaint(status, "told to answer so")),
            Quirk::Page => Some(page()),
            Quirk::ComplaintWith200 => {
                Some(json_text(200, &json!([{"code": "400", "description": "told to complain"}])))
            }
            _ => check(&fields, desk.cases.len()),
        };
        if let Some(refused) = refused {
            return refused;
        }
        desk.cases.push(fields);
        (quirk, 1000 + desk.cases.len())
    };
    match quirk {
        Quirk::LoseAnswers | Quirk::LoseAnswersAndList => std::future::pending().await,
        Quirk::Objects => json_text(201, &json!({"service_request_id": number})),
        Quirk::Xml => xml(format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><service_requests><request><service_request_id>{number}\
             </service_request_id><service_notice>a &amp; b</service_notice></request></service_requests>"
        )),
        Quirk::NoNumbers | Quirk::NoNumbersNoList => {
            json_text(201, &json!([{"service_notice": "thank you"}]))
        }
        Quirk::Tokens | Quirk::TokensForEver => json_text(200, &json!([{"token": format!("t{number}")}])),
        _ => json_text(
            201,
            &json!([{"service_request_id": number.to_string(), "service_notice": "", "account_id": null}]),
        ),
    }
}

async fn token(State(desk): Shared, Path(token): Path<String>) -> Response {
    let mut desk = lock(&desk);
    desk.token_questions += 1;
    let number = token.trim_end_matches(".json").trim_start_matches('t').to_owned();
    let known = (desk.token_questions > 1 && desk.quirk != Quirk::TokensForEver).then_some(&number);
    json_text(200, &json!([{"token": token.trim_end_matches(".json"), "service_request_id": known}]))
}

async fn list(State(desk): Shared, RawQuery(query): RawQuery) -> Response {
    let query = pairs(&query.unwrap_or_default());
    let mut desk = lock(&desk);
    desk.look_ups += 1;
    match desk.quirk {
        Quirk::Status(status) => return complaint(status, "told to answer so"),
        Quirk::Page => return page(),
        Quirk::LoseAnswersAndList | Quirk::NoNumbersNoList => return complaint(404, "no such method"),
        _ => {}
    }
    let hides = desk.quirk == Quirk::HideDescriptions;
    let wanted = |fields: &Fields| {
        field(&query, "service_code").is_empty()
            || field(fields, "service_code") == field(&query, "service_code")
    };
    let rows = desk.cases.iter().enumerate().filter(|(_, fields)| wanted(fields));
    let rows: Vec<Value> = rows
        .map(|(at, fields)| {
            let description = if hides { Value::Null } else { field(fields, "description").into() };
            json!({"service_request_id": (1001 + at).to_string(), "status": "open", "description": description,
                "service_code": field(fields, "service_code"), "lat": field(fields, "lat"), "long": field(fields, "long")})
        })
        .collect();
    json_text(200, &Value::Array(rows))
}

/// What the standard asks of a request.
fn check(fields: &Fields, cases: usize) -> Option<Response> {
    if field(fields, "api_key") != API_KEY {
        return Some(complaint(403, "missing or invalid api_key"));
    }
    if field(fields, "service_code") == "unknown" {
        return Some(complaint(500, "no such service")); // seen of real servers
    }
    if field(fields, "lat").is_empty() && field(fields, "address_string").is_empty() {
        return Some(complaint(400, "lat and long, or an address, are needed"));
    }
    (cases >= CASES_MAX).then(|| complaint(503, "too many cases"))
}

fn pairs(text: &str) -> Fields {
    let Ok(url) = Url::parse(&format!("http://localhost/?{text}")) else { return Vec::new() };
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn complaint(status: u16, description: &str) -> Response {
    json_text(status, &json!([{"code": status, "description": description}]))
}

fn json_text(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn page() -> Response {
    let body = "<!DOCTYPE html><html><body><form action='/login'></form></body></html>";
    ([(header::CONTENT_TYPE, "text/html")], body).into_response()
}

fn xml(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
