//! The body of a request: its encodings and its limits.

use std::io::Read;

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;

use super::columns;
use super::desk::Event;
use super::losses::LossReport;
use crate::ledger::Loss;

/// Largest body as it travels, in bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// Largest body once unpacked, in bytes.
pub const UNPACKED_BYTES_MAX: u64 = 64 << 20;

/// Why a request was refused as a whole: the HTTP status and a message for the sender.
pub(super) type Refusal = (StatusCode, String);

/// The media type of events in JSON.
pub(super) const BATCH: &str = "application/cloudevents-batch+json";

/// Events, and how they came.
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    /// As columns: the answer is a summary.
    pub(super) is_compact: bool,
}

/// The events of a request.
pub(super) fn read_batch(headers: &HeaderMap, body: Bytes, reads_columns: bool) -> Result<Batch, Refusal> {
    let is_compact = reads_columns && media(headers).eq_ignore_ascii_case(columns::MEDIA);
    if !is_compact {
        expect_media(headers, BATCH)?;
    }
    let unpacked = unpack(headers, body)?;
    let batch: Vec<serde_json::Value> = match is_compact {
        true => columns::read(&unpacked).map_err(|wrong| (StatusCode::BAD_REQUEST, wrong))?,
        false => serde_json::from_slice(&unpacked).map_err(|error| {
            (StatusCode::BAD_REQUEST, format!("the body is no JSON array of events: {error}"))
        })?,
    };
    let read = |(index, whole)| {
        Event::read(whole).map_err(|reason| (StatusCode::BAD_REQUEST, format!("event {index}: {reason}")))
    };
    let events = batch.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Batch { events, is_compact })
}

/// The losses of a request.
pub(super) fn read_losses(headers: &HeaderMap, body: Bytes) -> Result<LossReport, Refusal> {
    expect_media(headers, "application/json")?;
    let unpacked = unpack(headers, body)?;
    let report: LossReport = serde_json::from_slice(&unpacked)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body is no report of losses: {error}")))?;
    let checked =
        check_gateway(&report.gateway).and_then(|()| report.losses.iter().try_for_each(Loss::check));
    checked.map_err(|wrong| (StatusCode::UNPROCESSABLE_ENTITY, wrong))?;
    Ok(report)
}

/// A gateway's name is 1 to 32 of `a-z`, `0-9` and `-`.
pub(super) fn check_gateway(name: &str) -> Result<(), String> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match (1..=32).contains(&name.len()) && name.bytes().all(is_allowed) {
        true => Ok(()),
        false => Err("a gateway's name is 1 to 32 of a-z, 0-9 and -".to_owned()),
    }
}

fn media(headers: &HeaderMap) -> &str {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    media.split(';').next().unwrap_or("").trim()
}

fn expect_media(headers: &HeaderMap, expected: &str) -> Result<(), Refusal> {
    let media = media(headers);
    match media.eq_ignore_ascii_case(expected) {
        true => Ok(()),
        false => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send {expected}, not {media:?}"))),
    }
}

fn unpack(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Refusal> {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    match encoding.unwrap_or("identity") {
        "identity" => Ok(body),
        "gzip" => read_bounded(flate2::read::GzDecoder::new(body.as_ref())),
        "zstd" => read_bounded(zstd::Decoder::new(body.as_ref()).map_err(|error| unreadable(&error))?),
        other => {
            Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("content-encoding {other:?} is not taken")))
        }
    }
}

fn read_bounded(source: impl Read) -> Result<Bytes, Refusal> {
    let mut unpacked = Vec::new();
    source.take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut unpacked).map_err(|error| unreadable(&error))?;
    if unpacked.len() as u64 > UNPACKED_BYTES_MAX {
        return Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("more than {UNPACKED_BYTES_MAX} bytes unpacked"),
        ));
    }
    Ok(unpacked.into())
}

fn unreadable(error: &std::io::Error) -> Refusal {
    (StatusCode::BAD_REQUEST, format!("the body can't be unpacked: {error}"))
}
