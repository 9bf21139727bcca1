//! `GET /api/v1/export`: the chunks of a backlog behind a certain place.
//!
//! An answer has at most [`CHUNKS_PER_ANSWER`] chunks, so that it fits into the time of a connection, and ends with a word that
//! says whether that was all. Whoever asked goes on behind the last chunk, also of an answer that broke off.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::domain::report::Class;
use crate::http::routes::failure;
use crate::http::{View, stream};
use crate::store::scan::Cursor;
use crate::transfer::export::BacklogReader;
use crate::transfer::format::ExportId;

/// Where it is.
pub const PATH: &str = "/api/v1/export";
/// Chunks of one answer at most.
pub const CHUNKS_PER_ANSWER: usize = 64;
/// The end of an answer: there may be more behind the last chunk.
pub const MORE: [u8; 4] = *b"MORE";
/// The end of an answer: that was all.
pub const LAST: [u8; 4] = *b"LAST";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportQuery {
    /// The export that the chunks are for.
    pub export: ExportId,
    /// The classes, in this order.
    pub classes: Vec<Class>,
    /// Where the first of them goes on.
    pub cursor: Cursor,
    /// The number of the first chunk.
    pub number: u32,
}

impl ExportQuery {
    /// The query of a URL.
    pub fn to_text(&self) -> String {
        let ExportQuery { export, classes, cursor: Cursor { row, commit_seq, store }, number } = self;
        let classes: String = classes.iter().map(|class| format!("&class={class}")).collect();
        format!("export={export}&number={number}&row={row}&commit={commit_seq}&store={store}{classes}")
    }

    /// Reads a query; `None` when something is missing, wrong or unknown.
    fn read(pairs: &[(String, String)]) -> Option<ExportQuery> {
        let (mut export, mut classes, mut cursor, mut number) = (None, Vec::new(), Cursor::default(), 1);
        for (name, value) in pairs {
            match name.as_str() {
                "export" => export = Some(ExportId::parse(value)?),
                "class" => classes.push(Class::from_name(value)?),
                "row" => cursor.row = value.parse().ok()?,
                "commit" => cursor.commit_seq = value.parse().ok()?,
                "store" => cursor.store = value.parse().ok()?,
                "number" => number = value.parse().ok().filter(|number| *number > 0)?,
                _ => return None,
            }
        }
        Some(ExportQuery { export: export?, classes, cursor, number })
    }
}

pub(in crate::http) async fn export(
    State(View { transfer, .. }): State<View>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = transfer.may_read(&headers) {
        return refusal.into_response();
    }
    let Some(ExportQuery { export, classes, cursor, number }) = ExportQuery::read(&pairs) else {
        let asked =
            "an export is asked for by export (32 hexadecimal digits), class, and number, row, commit, store";
        return failure(StatusCode::BAD_REQUEST, asked);
    };
    let place = match transfer.place().await {
        Ok(place) => place,
        Err(busy) => return busy.into_response(),
    };
    let backlog = BacklogReader::new(transfer.store, export, classes, cursor, number);
    let (pieces, answer) = mpsc::channel(1);
    // It ends with the connection: a channel without a reader takes nothing.
    tokio::spawn(feed(backlog, pieces, place));
    ([(header::CONTENT_TYPE, "application/octet-stream")], stream::body(answer)).into_response()
}

/// Reads ahead by one chunk. An error ends the answer without a word: whoever reads it takes it for broken off.
async fn feed(mut backlog: BacklogReader, pieces: mpsc::Sender<Bytes>, _place: OwnedSemaphorePermit) {
    for _ in 0..CHUNKS_PER_ANSWER {
        let chunk = match backlog.next_chunk().await {
            Ok(Some(chunk)) => chunk.into_bytes().into(),
            Ok(None) => return say(&pieces, LAST).await,
            Err(error) => return tracing::warn!(%error, "export broken off"),
        };
        if pieces.send(chunk).await.is_err() {
            return;
        }
    }
    say(&pieces, MORE).await;
}

async fn say(pieces: &mpsc::Sender<Bytes>, word: [u8; 4]) {
    // A reader that is gone needs no word.
    let _ = pieces.send(Bytes::copy_from_slice(&word)).await;
}
