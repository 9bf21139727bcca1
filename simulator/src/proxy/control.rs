//! The proxy's faults by HTTP: `GET /` shows fault and counters, `POST /` with a fault puts it in force.

use std::net::SocketAddr;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Fault, Proxy};

/// Serves a proxy's control on `listen` (port 0 chooses one) until it is dropped; gives the address.
///
/// # Errors
/// The port can't be had.
pub async fn serve(
    listen: SocketAddr,
    proxy: Proxy,
) -> std::io::Result<(SocketAddr, impl Future<Output = std::io::Result<()>>)> {
    let listener = TcpListener::bind(listen).await?;
    let addr = listener.local_addr()?;
    let router = Router::new().route("/", get(show).post(control)).with_state(proxy);
    Ok((addr, async move { axum::serve(listener, router).await }))
}

async fn show(State(proxy): State<Proxy>) -> Json<Value> {
    Json(json!({"fault": proxy.fault(), "counts": proxy.counts()}))
}

async fn control(State(proxy): State<Proxy>, Json(fault): Json<Fault>) -> Json<Value> {
    proxy.set_fault(fault).await;
    show(State(proxy)).await
}
