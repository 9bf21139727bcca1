//! `/api/v1/export` and `/api/v1/import`: a backlog as chunks, page by page, and chunks back into a store.
//!
//! - One transfer at a time; the next one waits a little for its place, and is then told to come back. In memory are two or
//!   three chunks.
//! - Without a token in the configuration nothing can be written. With one, nobody exports without it either: what waits says
//!   who was where.

pub mod export;
pub mod import;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::routes::failure;
use super::token::Token;
use crate::store::handle::Store;

/// How long a transfer waits for its place.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(5);

/// What transfers need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Transfer {
    pub(super) store: Store,
    token: Option<Token>,
    places: Arc<Semaphore>,
}

/// Why a transfer does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no token that could be shown.
    NoToken,
    /// The token was not shown.
    NotShown,
    /// Another transfer is going on.
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::NoToken => failure(
                StatusCode::FORBIDDEN,
                "nothing can be written here: set http.token_file in the gateway's configuration, and restart it",
            ),
            Refusal::NotShown => {
                let answer = failure(StatusCode::UNAUTHORIZED, "the token of http.token_file must be shown");
                ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response()
            }
            Refusal::Busy => {
                failure(StatusCode::SERVICE_UNAVAILABLE, "another transfer is going on: try again later")
            }
        }
    }
}

impl Transfer {
    /// Transfers from and to this store, for whoever has the token.
    pub fn new(store: Store, token: Option<Token>) -> Transfer {
        Transfer { store, token, places: Arc::new(Semaphore::new(1)) }
    }

    /// The place of a transfer, for as long as it is held.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let place = tokio::time::timeout(PLACE_WAIT_MAX, self.places.clone().acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or(Refusal::Busy)
    }

    /// Lets through who shows the token, and everybody while there is none.
    pub(super) fn may_read(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.token.as_ref().map_or(Ok(()), |token| shown(token, headers))
    }

    /// Lets through who shows the token, and nobody while there is none.
    pub(super) fn may_write(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        shown(self.token.as_ref().ok_or(Refusal::NoToken)?, headers)
    }
}

fn shown(token: &Token, headers: &HeaderMap) -> Result<(), Refusal> {
    let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    match shown.is_some_and(|shown| token.is_shown_by(shown)) {
        true => Ok(()),
        false => Err(Refusal::NotShown),
    }
}
