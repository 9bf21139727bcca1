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
    store: Store,
    token: Option<Token>,
    places: Arc<Semaphore>,
}

impl Transfer {
    /// Transfers from and to this store, for whoever has the token.
    pub fn new(store: Store, token: Option<Token>) -> Transfer {
        Transfer { store, token, places: Arc::new(Semaphore::new(1)) }
    }

    /// The place of a transfer, for as long as it is held; or the answer that there is none.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Response> {
        let place = tokio::time::timeout(PLACE_WAIT_MAX, self.places.clone().acquire_owned()).await;
        let busy =
            || failure(StatusCode::SERVICE_UNAVAILABLE, "another transfer is going on: try again later");
        place.ok().and_then(Result::ok).ok_or_else(busy)
    }

    /// The answer to who may not read: without the token, when there is one.
    fn refused_reading(&self, headers: &HeaderMap) -> Option<Response> {
        refused(self.token.as_ref()?, headers)
    }

    /// The answer to who may not write: without the token, and everybody while there is none.
    fn refused_writing(&self, headers: &HeaderMap) -> Option<Response> {
        const HINT: &str =
            "nothing can be written here: set http.token_file in the gateway's configuration, and restart it";
        match &self.token {
            Some(token) => refused(token, headers),
            None => Some(failure(StatusCode::FORBIDDEN, HINT)),
        }
    }
}

fn refused(token: &Token, headers: &HeaderMap) -> Option<Response> {
    let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    if shown.is_some_and(|shown| token.is_shown_by(shown)) {
        return None;
    }
    let answer = failure(StatusCode::UNAUTHORIZED, "the token of http.token_file must be shown");
    Some(([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response())
}
