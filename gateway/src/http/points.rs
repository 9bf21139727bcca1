//! `GET /api/v1/points?month=2026-11|quarter=2026Q4&card=CARD&format=json|csv`: scores and ranks of stall cards. The command line reads the same
//! types back.

use std::fmt::Write as _;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as UrlQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::View;
use super::indicators::{Format, written};
use super::routes::failure;
use crate::domain::points::{Ledger, Period, PointsSheet};

/// Where it is.
pub const PATH: &str = "/api/v1/points";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    month: String,
    #[serde(default)]
    quarter: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    format: Format,
}

impl Asked {
    /// The period that is asked for, if one is; the current month is usual.
    fn period(&self) -> Result<Option<Period>, &'static str> {
        match (self.month.as_str(), self.quarter.as_str()) {
            ("", "") => Ok(None),
            (month, "") => Period::month(month).map(Some).ok_or("month is one like 2026-11"),
            ("", quarter) => Period::quarter(quarter).map(Some).ok_or("quarter is one like 2026Q4"),
            _ => Err("either month or quarter"),
        }
    }
}

/// The path and query of a URL that asks for this, as JSON; without a period for the current month.
pub fn path_of(period: Option<Period>, card: Option<&str>) -> String {
    let mut path = format!("{PATH}?format=json");
    match period {
        Some(period @ Period::Month { .. }) => _ = write!(path, "&month={period}"),
        Some(period @ Period::Quarter { .. }) => _ = write!(path, "&quarter={period}"),
        None => {}
    }
    if let Some(card) = card {
        path.push_str("&card=");
        for byte in card.bytes() {
            match byte.is_ascii_alphanumeric() || byte == b'-' {
                true => path.push(byte.into()),
                false => _ = write!(path, "%{byte:02X}"),
            }
        }
    }
    path
}

pub(super) async fn points(
    State(View { journal, .. }): State<View>,
    asked: Result<UrlQuery<Asked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(UrlQuery(asked)) => asked,
        Err(rejection) => return failure(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let now_ms = journal.now_ms();
    let period = match asked.period() {
        Ok(period) => period.unwrap_or_else(|| Period::month_of(journal.clock().shows(now_ms).date())),
        Err(told) => return failure(StatusCode::BAD_REQUEST, told),
    };
    let mut ledger = Ledger::new(journal.clock());
    if let Err(unread) = journal.read(|entry| ledger.note(entry)).await {
        return unread.into_response();
    }
    let Asked { card, format, .. } = asked;
    written(format, move |format| {
        let card = Some(card.as_str()).filter(|card| !card.is_empty());
        let sheet = PointsSheet::new(&ledger, journal.points(), period, card, now_ms);
        let sheet = sheet.map_err(|error| error.to_string())?;
        match format {
            Format::Csv => Ok(sheet.to_csv()),
            Format::Json => serde_json::to_string(&sheet).map_err(|error| error.to_string()),
        }
    })
    .await
}
