//! `/api/v1/deadletters`: what platforms refused for good, page by page; and what a person wants done with it. The command line reads
//! the same types back.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::View;
use super::routes::failure;
use super::status::rfc3339;
use crate::store::dead_letters::{DeadLetter, Order, PAGE_MAX};
use crate::store::handle::SettleError;

/// Where it is.
pub const PATH: &str = "/api/v1/deadletters";

/// A page, oldest first. The next page begins after the last one's number; an empty page is the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterPage {
    /// The dead letters.
    pub deadletters: Vec<ListedDeadLetter>,
}

/// A record that a platform refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDeadLetter {
    /// Its number on this gateway; grows.
    pub number: i64,
    /// The uplink whose platform refused it; empty from when there was only one.
    pub uplink: String,
    /// The event's id.
    pub id: String,
    /// Its class.
    pub class: String,
    /// When the gateway received it: RFC 3339, by the gateway's clock.
    pub received_at: Option<String>,
    /// When it was refused.
    pub refused_at: Option<String>,
    /// Why, in the platform's words.
    pub reason: String,
    /// Bytes of what the device sent.
    pub payload_bytes: u64,
}

impl ListedDeadLetter {
    /// A dead letter of the store.
    pub fn new(letter: &DeadLetter) -> ListedDeadLetter {
        let DeadLetter { id, uplink, reason, refused_at_ms, record } = letter;
        ListedDeadLetter {
            number: *id,
            uplink: uplink.clone(),
            id: format!("{}/{}", record.device, record.identity),
            class: record.class.as_str().to_owned(),
            received_at: rfc3339(record.received_at_ms),
            refused_at: rfc3339(*refused_at_ms),
            reason: reason.clone(),
            payload_bytes: record.payload.len() as u64,
        }
    }
}

/// What is to be done with some of them; numbers that are not there are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// What.
    pub action: Action,
    /// With which, at most [`PAGE_MAX`].
    pub numbers: Vec<i64>,
}

/// What can be done with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It waits for its uplink again.
    Retry,
    /// It is deleted.
    Discard,
}

impl From<Wish> for Order {
    fn from(Wish { action, numbers }: Wish) -> Order {
        match action {
            Action::Retry => Order::Retry(numbers),
            Action::Discard => Order::Discard(numbers),
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(view): State<View>,
    headers: HeaderMap,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    if let Err(refusal) = view.transfer.may_read(&headers) {
        return refusal.into_response();
    }
    let Ok(Query(Page { after, limit })) = page else {
        return failure(StatusCode::BAD_REQUEST, "after and limit are whole numbers");
    };
    match view.transfer.store.dead_letters(after, limit.unwrap_or(PAGE_MAX)).await {
        Ok(letters) => {
            let deadletters = letters.iter().map(ListedDeadLetter::new).collect();
            Json(DeadLetterPage { deadletters }).into_response()
        }
        Err(stopped) => failure(StatusCode::SERVICE_UNAVAILABLE, &stopped.to_string()),
    }
}

pub(super) async fn act(
    State(view): State<View>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(refusal) = view.transfer.may_write(&headers) {
        return refusal.into_response();
    }
    let wish = body.ok().and_then(|body| serde_json::from_slice::<Wish>(&body).ok());
    let wish = match wish {
        Some(wish) if wish.numbers.len() <= PAGE_MAX as usize => wish,
        _ => {
            let form = "a JSON object: action (\"retry\" or \"discard\") and numbers, at most 500 of them";
            return failure(StatusCode::BAD_REQUEST, form);
        }
    };
    match view.transfer.store.order_dead_letters(wish.into()).await {
        Ok(()) => Json(serde_json::json!({})).into_response(),
        Err(error @ SettleError::Unsettled(_)) => {
            failure(StatusCode::INSUFFICIENT_STORAGE, &error.to_string())
        }
        Err(error @ SettleError::Stopped(_)) => failure(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}
