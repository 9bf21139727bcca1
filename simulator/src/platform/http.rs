//! The platform's requests: batches of events, reports of losses, and the control of its faults.

use std::collections::HashSet;
use std::time::Duration;

use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::content::{BODY_BYTES_MAX, Refusal, read_batch, read_losses};
use super::desk::Outcome;
use super::fault::{Fault, RequestPlan};
use super::losses::Taken;
use super::socket::Scissors;
use super::stalls;
use super::state::Shared;

/// Longest delay of an answer.
const STALL_MAX: Duration = Duration::from_secs(3600);

/// What it reads, columns included.
const ACCEPTED: &str = "application/cloudevents-batch+json, application/vnd.patrol.telemetry-columns.v1";

#[derive(Serialize)]
pub(super) struct EventResult {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

#[derive(Serialize)]
pub(super) struct LossResult {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) taken: Taken,
}

pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/events", post(events))
        .route("/v1/losses", post(losses))
        .route("/v1/gateways/{gateway}/stalls", get(stalls::get))
        .layer(middleware::from_fn_with_state(shared.clone(), doorkeeper))
        .route("/control/stalls", put(stalls::put))
        .route("/control", get(show).post(control))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

/// Lets in whoever shows the token, if one is asked for.
async fn doorkeeper(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match shared.lets_in(shown.unwrap_or_default()) {
        true => {
            let mut answer = next.run(request).await;
            if shared.reads_columns() {
                answer.headers_mut().insert("accept-post", HeaderValue::from_static(ACCEPTED));
            }
            answer
        }
        false => {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "who are you?").into_response()
        }
    }
}

async fn events(
    State(shared): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (request, plan) = shared.begin_request();
    let take_in = || {
        let batch = read_batch(&headers, body, shared.reads_columns())?;
        let ids: Vec<String> = batch.events.iter().map(|event| event.id.clone()).collect();
        let received = shared.receive(batch.events, request);
        if batch.is_compact { received.map(|results| summary(&ids, results)) } else { results(received) }
    };
    answer(plan, &connection, take_in).await
}

/// The answer to columns: how many were accepted, and what of the others.
fn summary(ids: &[String], results: Vec<EventResult>) -> Response {
    let is_taken = |result: &EventResult| !matches!(result.outcome, Outcome::Rejected { .. });
    let answered: HashSet<&str> = results.iter().map(|result| result.id.as_str()).collect();
    let later = ids.iter().filter(|id| !answered.contains(id.as_str()));
    let later: Vec<Value> = later.map(|id| json!({"id": id, "status": "later"})).collect();
    let accepted = results.iter().filter(|result| is_taken(result)).count();
    let rejected = results.iter().filter(|result| !is_taken(result)).map(|result| json!(result));
    let told: Vec<Value> = rejected.chain(later).collect();
    Json(json!({"accepted": accepted, "results": told})).into_response()
}

async fn losses(
    State(shared): State<Shared>,
    ConnectInfo(connection): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let plan = shared.begin_loss_request();
    let take_in = || results(shared.receive_losses(read_losses(&headers, body)?));
    answer(plan, &connection, take_in).await
}

/// Answers as it is planned; `take_in` is called when the request is to be taken in.
async fn answer(
    plan: RequestPlan,
    connection: &Scissors,
    take_in: impl FnOnce() -> Result<Response, Refusal>,
) -> Response {
    match plan {
        RequestPlan::Serve => {}
        RequestPlan::Error { status, retry_after_s } => return error(status, retry_after_s),
        RequestPlan::Stall(wait) => tokio::time::sleep(wait.unwrap_or(STALL_MAX)).await,
        RequestPlan::DropAnswer => {
            let answer = take_in().into_response();
            connection.cut();
            return answer;
        }
    }
    take_in().into_response()
}

fn results<T: Serialize>(received: Result<Vec<T>, Refusal>) -> Result<Response, Refusal> {
    received.map(|results| Json(json!({ "results": results })).into_response())
}

fn error(status: u16, retry_after_s: Option<u32>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, "the platform was told to answer so").into_response();
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

async fn show(State(shared): State<Shared>) -> Response {
    let (counts, losses) = (shared.counts(), shared.loss_counts());
    let stalls = shared.stalls(|desk| desk.counts());
    Json(json!({"fault": shared.fault(), "counts": counts, "losses": losses, "stalls": stalls}))
        .into_response()
}

async fn control(State(shared): State<Shared>, Json(fault): Json<Fault>) -> Response {
    if matches!(fault, Fault::Down { seconds: None }) {
        let message = "a closed port could not be told to open again: give \"seconds\"";
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    match shared.set_fault(fault, Shared::TIME_TO_ANSWER) {
        Ok(_done) => show(State(shared)).await,
        Err(busy) => (StatusCode::SERVICE_UNAVAILABLE, busy.to_string()).into_response(),
    }
}
