//! `GET /api/v1/indicators?from=DAY&to=DAY&by=AXES&format=json|csv`: the indicators of the journal. The command line reads the same types
//! back.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as UrlQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::View;
use super::routes::failure;
use crate::domain::indicators::{By, Figures, Query, QueryError, Question, date_named};

/// Where it is.
pub const PATH: &str = "/api/v1/indicators";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    #[default]
    Json,
    Csv,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    format: Format,
}

impl Asked {
    fn query(&self) -> Result<Query, QueryError> {
        let day = |text: &str| (!text.is_empty()).then(|| date_named(text)).transpose();
        Query::new(day(&self.from)?, day(&self.to)?, By::parse(&self.by)?)
    }
}

/// The path and query of a URL that asks for this, as JSON.
pub fn path_of(query: &Query) -> String {
    let by: Vec<&str> = query.by.axes().map(|axis| axis.as_str()).collect();
    let day = |name: &str, day: Option<jiff::civil::Date>| {
        day.map(|day| format!("&{name}={day}")).unwrap_or_default()
    };
    format!("{PATH}?by={}{}{}", by.join(","), day("from", query.from), day("to", query.to))
}

pub(super) async fn indicators(
    State(View { journal, .. }): State<View>,
    asked: Result<UrlQuery<Asked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(UrlQuery(asked)) => asked,
        Err(rejection) => return failure(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let query = match asked.query() {
        Ok(query) => query,
        Err(error) => return failure(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let question = Question { query, clock: journal.clock(), as_of_ms: journal.now_ms() };
    let mut figures = Figures::new(question);
    if let Err(unread) = journal.read(|entry| figures.add(entry, |entry| journal.due(entry))).await {
        return unread.into_response();
    }
    written(asked.format, move |format| {
        let sheet = figures.sheet().map_err(|error| error.to_string())?;
        match format {
            Format::Csv => Ok(sheet.to_csv()),
            Format::Json => serde_json::to_string(&sheet).map_err(|error| error.to_string()),
        }
    })
    .await
}

/// An answer of many rows, written beside the tasks that serve others; what can't be told is the fault of who asked.
pub(super) async fn written(
    format: Format,
    write: impl FnOnce(Format) -> Result<String, String> + Send + 'static,
) -> Response {
    let content_type = match format {
        Format::Json => "application/json",
        Format::Csv => "text/csv; charset=utf-8",
    };
    match tokio::task::spawn_blocking(move || write(format)).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        Ok(Err(why)) => failure(StatusCode::BAD_REQUEST, &why),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written"),
    }
}
