//! The routes and what they answer.

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::status::StatusReport;
use super::transfer::{export, import};
use super::{View, deadletters, devices, indicators, losses, points};

/// What the page at `/` shows until there is a console.
const PAGE: &str = include_str!("page.html");

/// The content type of Prometheus's text in its OpenMetrics form.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn router(view: View) -> Router {
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/v1/status", get(status))
        .route("/api/v1/losses", get(losses::list))
        .route(indicators::PATH, get(indicators::indicators))
        .route(points::PATH, get(points::points))
        .route(deadletters::PATH, get(deadletters::list).post(deadletters::act))
        .route(devices::PATH, get(devices::list))
        .route(&format!("{}/{{id}}/last", devices::PATH), get(devices::last))
        .route(export::PATH, get(export::export))
        .route(import::PATH, get(import::progress).post(import::import))
        .fallback(async || failure(StatusCode::NOT_FOUND, "no such path"))
        .layer(middleware::from_fn(only_reading))
        .with_state(view)
}

/// Lets through what only reads: GET and HEAD without a body. What writes sees to itself: it asks for the token.
async fn only_reading(request: Request, next: Next) -> Response {
    let writes = [import::PATH, deadletters::PATH].contains(&request.uri().path());
    if *request.method() == Method::POST && writes {
        return next.run(request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let answer = failure(StatusCode::METHOD_NOT_ALLOWED, "this API only reads: GET or HEAD");
        return ([(header::ALLOW, "GET, HEAD")], answer).into_response();
    }
    if !request.body().is_end_stream() {
        return failure(StatusCode::PAYLOAD_TOO_LARGE, "a request has no body here");
    }
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    answer
}

pub(super) fn failure(code: StatusCode, error: &str) -> Response {
    (code, Json(json!({ "error": error }))).into_response()
}

/// The process lives and its writer answers; 503 tells a supervisor to restart it.
async fn healthz(State(view): State<View>) -> Response {
    match view.writer.answers().await {
        true => "ok\n".into_response(),
        false => failure(StatusCode::SERVICE_UNAVAILABLE, "the store's writer does not answer"),
    }
}

/// Devices can be served.
async fn readyz(State(view): State<View>) -> Response {
    let readiness = *view.readiness.borrow();
    if readiness.is_ready() {
        return "ready\n".into_response();
    }
    let answer = json!({
        "error": "not ready",
        "listener_bound": readiness.listener_bound,
        "store_open": readiness.store_open,
    });
    (StatusCode::SERVICE_UNAVAILABLE, Json(answer)).into_response()
}

async fn metrics(State(view): State<View>) -> impl IntoResponse {
    let (store, uplinks) = (*view.store.borrow(), view.uplinks_now());
    ([(header::CONTENT_TYPE, OPENMETRICS)], view.metrics.render(&store, &uplinks))
}

async fn status(State(view): State<View>) -> Json<StatusReport> {
    let (store, uplinks) = (*view.store.borrow(), view.uplinks_now());
    Json(StatusReport::new(&view.gateway, &store, &uplinks, &view.metrics))
}
