//! The stall register that the platform hands out: whatever it was told to, to whoever asks.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::content::check_gateway;
use super::state::Shared;

/// What the platform hands out, and how it was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct StallDesk {
    register: Option<Bytes>,
    counts: StallCounts,
}

/// Questions for the stall register, by their answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct StallCounts {
    /// There was none (404).
    pub absent: u64,
    /// It was known (304).
    pub known: u64,
    /// It was sent (200).
    pub sent: u64,
}

impl StallDesk {
    pub(super) fn set(&mut self, register: Option<Bytes>) {
        self.register = register;
    }

    pub(super) fn counts(&self) -> StallCounts {
        self.counts
    }

    /// The register and its entity tag, unless the one asking has it.
    fn answer(&mut self, known: &str) -> Response {
        let Some(register) = self.register.clone() else {
            self.counts.absent += 1;
            return StatusCode::NOT_FOUND.into_response();
        };
        let tag = format!("\"stalls@{:08x}\"", crc32c::crc32c(&register));
        if known.split(',').any(|known| known.trim() == tag) {
            self.counts.known += 1;
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
        }
        self.counts.sent += 1;
        ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::ETAG, tag)], register)
            .into_response()
    }
}

/// `GET /v1/gateways/{gateway}/stalls`: one register for all gateways.
pub(super) async fn get(
    State(shared): State<Shared>,
    Path(gateway): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(wrong) = check_gateway(&gateway) {
        return (StatusCode::BAD_REQUEST, wrong).into_response();
    }
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    shared.stalls(|desk| desk.answer(known))
}

/// `PUT /control/stalls`: from now on this is handed out; an empty body: none.
pub(super) async fn put(State(shared): State<Shared>, register: Bytes) -> StatusCode {
    shared.stalls(|desk| desk.set(Some(register).filter(|register| !register.is_empty())));
    StatusCode::NO_CONTENT
}
