//! `POST /api/v1/import`: one chunk of a file, taken or known when the answer comes. `GET` says how far a file has come.

use std::sync::Arc;

use axum::Json;
use axum::body::{self, Body};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::http::View;
use crate::http::routes::failure;
use crate::store::handle::SettleError;
use crate::store::restore::RestoreOutcome;
use crate::transfer::chunk::{Chunk, HEAD_LEN, RawChunk, STORED_BYTES_MAX};
use crate::transfer::format::{ExportId, FormatError, gateway_name};
use crate::transfer::import::Importer;

/// Where it is.
pub const PATH: &str = "/api/v1/import";

/// Which file a chunk is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportQuery {
    /// The file.
    pub export: ExportId,
    /// The gateway that made it.
    pub gateway: Arc<str>,
}

impl ImportQuery {
    /// The query of a URL.
    pub fn to_text(&self) -> String {
        format!("export={}&gateway={}", self.export, self.gateway)
    }

    /// Reads a query; `None` when something is missing, wrong or unknown.
    fn read(pairs: &[(String, String)]) -> Option<ImportQuery> {
        let (mut export, mut gateway) = (None, None);
        for (name, value) in pairs {
            match name.as_str() {
                "export" => export = Some(ExportId::parse(value)?),
                "gateway" => gateway = Some(gateway_name(value.as_bytes())?),
                _ => return None,
            }
        }
        Some(ImportQuery { export: export?, gateway: gateway? })
    }
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProgress {
    /// The last chunk up to which all were taken; 0 when none was.
    pub taken_up_to: u32,
}

/// What became of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportAnswer {
    /// Records that are now stored.
    pub taken: u64,
    /// Records that were known already.
    pub known: u64,
    /// Parts of photos and clips that this gateway has no room for, or that contradict what it knows.
    pub unwanted: u64,
}

impl From<RestoreOutcome> for ImportAnswer {
    fn from(RestoreOutcome { taken, known, unwanted }: RestoreOutcome) -> ImportAnswer {
        ImportAnswer { taken, known, unwanted }
    }
}

pub(in crate::http) async fn progress(
    State(view): State<View>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    // It is the first question of an import: whoever may not write hears it here.
    if let Err(refusal) = view.transfer.may_write(&headers) {
        return refusal.into_response();
    }
    let Some(query) = ImportQuery::read(&pairs) else { return bad_query() };
    match importer(view, query).taken_up_to().await {
        Ok(taken_up_to) => Json(ImportProgress { taken_up_to }).into_response(),
        Err(stopped) => failure(StatusCode::SERVICE_UNAVAILABLE, &stopped.to_string()),
    }
}

pub(in crate::http) async fn import(
    State(view): State<View>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(refusal) = view.transfer.may_write(&headers) {
        return refusal.into_response();
    }
    let Some(query) = ImportQuery::read(&pairs) else { return bad_query() };
    let _place = match view.transfer.place().await {
        Ok(place) => place,
        Err(busy) => return busy.into_response(),
    };
    let Ok(bytes) = body::to_bytes(body, HEAD_LEN + STORED_BYTES_MAX as usize).await else {
        return failure(StatusCode::PAYLOAD_TOO_LARGE, "the body is no chunk, or broke off");
    };
    let chunk = match read(&bytes, query.export) {
        Ok(chunk) => chunk,
        Err(error) => return failure(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    };
    match importer(view, query).take(chunk).await {
        Ok(outcome) => Json(ImportAnswer::from(outcome)).into_response(),
        Err(error @ SettleError::Unsettled(_)) => {
            failure(StatusCode::INSUFFICIENT_STORAGE, &error.to_string())
        }
        Err(error @ SettleError::Stopped(_)) => failure(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// One whole chunk and nothing behind it.
fn read(bytes: &[u8], export: ExportId) -> Result<Chunk, FormatError> {
    let raw = RawChunk::read(&mut &bytes[..], &export)?;
    match raw.bytes().len() == bytes.len() {
        true => raw.decode(),
        false => Err(FormatError::Damaged("something stands behind the chunk")),
    }
}

fn importer(
    View { gateway: own, transfer, .. }: View,
    ImportQuery { export, gateway }: ImportQuery,
) -> Importer {
    Importer { store: transfer.store, own, export, gateway }
}

fn bad_query() -> Response {
    failure(StatusCode::BAD_REQUEST, "a file is named by export (32 hexadecimal digits) and gateway")
}
