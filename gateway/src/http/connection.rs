//! Accepting connections, and every limit on them.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::{
    CONNECTION_TIME_MAX, CONNECTIONS_MAX, HEAD_BYTES_MAX, HEADER_TIME_MAX, STOP_TIME_MAX, View, routes,
};

/// Wait after a failed accept: out of file descriptors, it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves the API until `stop`; returns when its last connection has ended, within a second.
pub async fn serve(listener: TcpListener, view: View, stop: CancellationToken) {
    let router = routes::router(view);
    let connections = TaskTracker::new();
    let accepting = accept(listener, router, &connections, &stop);
    let _: Option<Infallible> = stop.run_until_cancelled(accepting).await;
    connections.close();
    connections.wait().await;
}

async fn accept(
    listener: TcpListener,
    router: Router,
    connections: &TaskTracker,
    stop: &CancellationToken,
) -> Infallible {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "no connection accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            answer(stream, router, stop).await;
            drop(place);
        });
    }
}

/// One connection, one request.
async fn answer(stream: TcpStream, router: Router, stop: CancellationToken) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX);
    builder.keep_alive(false).max_buf_size(HEAD_BYTES_MAX);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = tokio::time::timeout(CONNECTION_TIME_MAX, connection.as_mut()) => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(STOP_TIME_MAX, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "http connection ended early"),
        Err(_) => debug!("http connection cut at its time limit"),
    }
}
