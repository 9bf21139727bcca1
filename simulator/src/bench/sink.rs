//! A platform that takes everything and keeps nothing: what a drain is measured against.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::local_http;
use crate::platform::columns;

/// A body is at most so long, before and after compression.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Events in a batch of the plain client.
const BATCH_EVENTS: u64 = 500;
/// Connections of the plain client.
const CONNECTIONS: u64 = 4;

/// What came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) events: u64,
    pub(super) requests: u64,
    /// Bytes of bodies as they came, compressed.
    pub(super) body_bytes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    events: AtomicU64,
    requests: AtomicU64,
    body_bytes: AtomicU64,
    reads_columns: bool,
}

/// A running platform; it ends when dropped.
#[derive(Debug)]
pub(super) struct Sink {
    addr: SocketAddr,
    counters: Arc<Counters>,
    _stop: DropGuard,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Sink {
    /// Listens on a free port; `reads_columns` says whether it wants telemetry as columns.
    pub(super) async fn start(reads_columns: bool) -> io::Result<Sink> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (addr, stop) = (listener.local_addr()?, CancellationToken::new());
        let counters = Arc::new(Counters { reads_columns, ..Counters::default() });
        let router = Router::new()
            .route("/v1/events", post(events))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(counters.clone());
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            // It ends with the run that it is for; whoever sends to it hears of a failure.
            let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
        });
        Ok(Sink { addr, counters, _stop: stop.drop_guard() })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(super) fn counted(&self) -> Counted {
        Counted {
            events: self.counters.events.load(Ordering::Relaxed),
            requests: self.counters.requests.load(Ordering::Relaxed),
            body_bytes: self.counters.body_bytes.load(Ordering::Relaxed),
        }
    }
}

async fn events(State(counters): State<Arc<Counters>>, headers: HeaderMap, body: Bytes) -> Response {
    counters.requests.fetch_add(1, Ordering::Relaxed);
    counters.body_bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    let is_zstd = headers.get(header::CONTENT_ENCODING).is_some_and(|name| name == "zstd");
    let plain = if is_zstd { zstd::bulk::decompress(&body, BODY_BYTES_MAX) } else { Ok(body.to_vec()) };
    let Ok(plain) = plain else { return StatusCode::BAD_REQUEST.into_response() };
    let is_columns = headers.get(header::CONTENT_TYPE).is_some_and(|name| name == columns::MEDIA);
    let (answer, count) = match is_columns {
        true => match columns::read(&plain) {
            Ok(events) => (format!("{{\"accepted\":{},\"results\":[]}}", events.len()), events.len()),
            Err(error) => return (StatusCode::BAD_REQUEST, error).into_response(),
        },
        false => match serde_json::from_slice::<Vec<Event<'_>>>(&plain) {
            Ok(events) => (results(&events), events.len()),
            Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
        },
    };
    counters.events.fetch_add(count as u64, Ordering::Relaxed);
    let mut response = ([(header::CONTENT_TYPE, "application/json")], answer).into_response();
    if counters.reads_columns {
        response.headers_mut().insert("accept-post", HeaderValue::from_static(columns::MEDIA));
    }
    response
}

fn results(events: &[Event<'_>]) -> String {
    let mut answer = String::from("{\"results\":[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            answer.push(',');
        }
        // Ids have nothing in them that JSON would escape.
        answer.push_str(&format!("{{\"id\":\"{}\",\"status\":\"accepted\"}}", event.id));
    }
    answer.push_str("]}");
    answer
}

/// Sends about so many events in batches made beforehand, on several connections. Returns the number of requests.
pub(super) async fn send_plainly(url: &str, events: u64) -> io::Result<u64> {
    let event = |index: u64| {
        format!(
            "{{\"specversion\":\"1.0\",\"id\":\"bench-{:02}/1/{}\",\"source\":\"urn:patrol-gateway:bench\",\"type\":\
             \"cn.patrol.telemetry.v1\",\"time\":\"2026-11-23T01:12:44.120Z\",\"datacontenttype\":\"application/geo+json\",\"data\":\
             {{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[104.398,31.127]}},\"properties\":\
             {{\"device\":\"bench-{:02}\",\"boot\":1,\"seq\":{},\"speed_kmh\":23.4,\"heading_deg\":87.5,\"time_from\":\"device\",\
             \"time_quality\":\"gnss\",\"received_at\":\"2026-11-23T01:12:44.300Z\"}}}}}}",
            index % 50,
            index + 1_000_000,
            index % 50,
            index + 1_000_000
        )
    };
    let batch: Vec<String> = (0..BATCH_EVENTS).map(event).collect();
    let body = Bytes::from(zstd::bulk::compress(format!("[{}]", batch.join(",")).as_bytes(), 3)?);
    let requests = events.div_ceil(BATCH_EVENTS);
    let mut senders = JoinSet::new();
    for sender in 0..CONNECTIONS {
        let (body, url) = (body.clone(), format!("{url}/v1/events"));
        let share = requests / CONNECTIONS + u64::from(sender < requests % CONNECTIONS);
        let client = local_http::client().map_err(io::Error::other)?;
        senders.spawn(async move {
            for _ in 0..share {
                let request = client.post(&url).header(header::CONTENT_ENCODING, "zstd").body(body.clone());
                let answer = request.send().await.and_then(reqwest::Response::error_for_status);
                answer.map_err(io::Error::other)?.bytes().await.map_err(io::Error::other)?;
            }
            Ok::<_, io::Error>(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(requests)
}
