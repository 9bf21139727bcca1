//! `GET /api/v1/losses?after=NUMBER&limit=N`: the loss records that the store keeps, page by page, and the losses in the status. The
//! command line reads the same types back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::routes::failure;
use super::{PROBE_TIME_MAX, View, status};
use crate::domain::loss::{LossReason, LossRecord};
use crate::store::losses::LossRow;
use crate::store::snapshot::LossFigures;

/// Loss records in one answer at most.
pub const LIMIT_MAX: u32 = 1000;
/// Loss records in an answer when nothing is said.
const LIMIT_USUAL: u32 = 100;

type Answer = Pin<Box<dyn Future<Output = Option<Vec<LossRow>>> + Send>>;

/// Asks the store for loss records.
#[derive(Clone)]
pub struct LossList(Arc<dyn Fn(i64, u32) -> Answer + Send + Sync>);

impl LossList {
    /// A list that calls `ask` for up to so many (the second argument) rows with numbers above the first; its future
    /// gives `None` when the store is gone, and may be dropped at any time.
    pub fn new<F, Rows>(ask: F) -> LossList
    where
        F: Fn(i64, u32) -> Rows + Send + Sync + 'static,
        Rows: Future<Output = Option<Vec<LossRow>>> + Send + 'static,
    {
        LossList(Arc::new(move |after, limit| Box::pin(ask(after, limit))))
    }

    async fn rows(&self, after: i64, limit: u32) -> Option<Vec<LossRow>> {
        tokio::time::timeout(PROBE_TIME_MAX, (self.0)(after, limit)).await.ok().flatten()
    }
}

impl fmt::Debug for LossList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LossList")
    }
}

/// A page of loss records, oldest first. The next page begins after the last one's number; an empty page is the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossPage {
    /// The loss records as they stand now: those that were not told yet may still grow.
    pub losses: Vec<ListedLoss>,
}

/// A loss record, and what became of it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLoss {
    /// Its number on this gateway; grows.
    pub number: i64,
    /// What the platform is told.
    #[serde(flatten)]
    pub record: LossRecord,
    /// When the platform had it: RFC 3339, by the gateway's clock.
    pub reported_at: Option<String>,
}

impl ListedLoss {
    /// A row of the store.
    pub fn new(row: &LossRow) -> ListedLoss {
        ListedLoss {
            number: row.id,
            record: LossRecord::new(row.uid, &row.loss),
            reported_at: row.reported_at_ms.and_then(status::rfc3339),
        }
    }
}

/// What was lost since the store began, in the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossesReport {
    /// Loss records that the platform has not been told yet.
    pub unreported_rows: u64,
    /// How much, by reason.
    pub lost: Lost,
}

/// What was lost, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "one field for each reason, under the reason's name")]
pub struct Lost {
    pub thinned: u64,
    pub evicted: u64,
    pub no_room: u64,
    pub withheld: u64,
    pub not_understood: u64,
    pub damaged: u64,
    pub log_damaged: u64,
}

impl LossesReport {
    pub(super) fn new(losses: &LossFigures) -> LossesReport {
        let lost = Lost {
            thinned: losses.of(LossReason::Thinned),
            evicted: losses.of(LossReason::Evicted),
            no_room: losses.of(LossReason::NoRoom),
            withheld: losses.of(LossReason::Withheld),
            not_understood: losses.of(LossReason::NotUnderstood),
            damaged: losses.of(LossReason::Damaged),
            log_damaged: losses.of(LossReason::LogDamaged),
        };
        LossesReport { unreported_rows: losses.unreported_rows, lost }
    }
}

impl Lost {
    /// What was lost for one reason.
    pub fn of(&self, reason: LossReason) -> u64 {
        match reason {
            LossReason::Thinned => self.thinned,
            LossReason::Evicted => self.evicted,
            LossReason::NoRoom => self.no_room,
            LossReason::Withheld => self.withheld,
            LossReason::NotUnderstood => self.not_understood,
            LossReason::Damaged => self.damaged,
            LossReason::LogDamaged => self.log_damaged,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    after: i64,
    #[serde(default = "usual_limit")]
    limit: u32,
}

fn usual_limit() -> u32 {
    LIMIT_USUAL
}

pub(super) async fn list(State(view): State<View>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Asked { after, limit } = match asked {
        Ok(Query(asked)) => asked,
        Err(rejection) => return failure(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    if !(1..=LIMIT_MAX).contains(&limit) {
        return failure(StatusCode::BAD_REQUEST, &format!("limit is a number from 1 to {LIMIT_MAX}"));
    }
    match view.losses.rows(after, limit).await {
        Some(rows) => Json(LossPage { losses: rows.iter().map(ListedLoss::new).collect() }).into_response(),
        None => failure(StatusCode::SERVICE_UNAVAILABLE, "the store's writer does not answer"),
    }
}
