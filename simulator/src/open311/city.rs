//! A stand-in in the style of the city platform's third-party interface: log in with a key, push cases as JSON, answers with `code`,
//! `msg` and `data`. What is known of that interface is a style, not a contract: this is our reading of it, and proves no more than that
//! the gateway's adapter keeps to the same reading.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The key that it asks for.
pub const SECRET: &str = "stand-in-secret";
const CASES_MAX: usize = 10_000;

/// What it does oddly from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CityQuirk {
    /// Nothing.
    #[default]
    None,
    /// Cases are taken in, and never answered.
    LoseAnswers,
    /// Every case is refused with this `code`, with HTTP 200.
    Code(i64),
}

/// A running platform; it ends when this is dropped.
#[derive(Debug)]
pub struct CityPlatform {
    addr: SocketAddr,
    desk: Arc<Mutex<Desk>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Desk {
    quirk: CityQuirk,
    cases: Vec<Value>,
    logins: u64,
}

type Shared = State<Arc<Mutex<Desk>>>;

impl CityPlatform {
    /// Starts on a free port of this machine.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> std::io::Result<CityPlatform> {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let router = Router::new()
            .route("/api/token", post(login))
            .route("/api/report", post(report))
            .with_state(Arc::clone(&desk));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(CityPlatform { addr, desk, task })
    }

    /// What a gateway has as `uplink.url`.
    pub fn url(&self) -> String {
        format!("http://{}/api", self.addr)
    }

    /// From now on it does this.
    pub fn set(&self, quirk: CityQuirk) {
        lock(&self.desk).quirk = quirk;
    }

    /// The cases it was sent and took in, in order.
    pub fn cases(&self) -> Vec<Value> {
        lock(&self.desk).cases.clone()
    }

    /// Forgets whom it has let in.
    pub fn forget_logins(&self) {
        lock(&self.desk).logins += 1;
    }
}

impl Drop for CityPlatform {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn login(State(desk): Shared, Json(body): Json<Value>) -> Json<Value> {
    if body["secret"] != SECRET {
        return Json(json!({"code": 401, "msg": "unknown key", "data": null}));
    }
    let mut desk = lock(&desk);
    desk.logins += 1;
    Json(json!({"code": 200, "msg": "ok", "data": {"token": format!("t{}", desk.logins), "expiresIn": 7200}}))
}

async fn report(State(desk): Shared, headers: HeaderMap, Json(body): Json<Value>) -> Json<Value> {
    let (quirk, number) = {
        let mut desk = lock(&desk);
        let token = headers.get("authorization").and_then(|value| value.to_str().ok());
        if token != Some(&format!("Bearer t{}", desk.logins)) {
            return Json(json!({"code": "401", "msg": "log in again"}));
        }
        if let CityQuirk::Code(code) = desk.quirk {
            return Json(json!({"code": code, "msg": "told to answer so"}));
        }
        if body["caseId"].as_str().is_none_or(str::is_empty) || desk.cases.len() >= CASES_MAX {
            return Json(json!({"code": 400, "msg": "no caseId"}));
        }
        let known = desk.cases.iter().position(|case| case["caseId"] == body["caseId"]);
        let at = known.unwrap_or(desk.cases.len());
        if known.is_none() {
            desk.cases.push(body);
        }
        (desk.quirk, 1001 + at)
    };
    if quirk == CityQuirk::LoseAnswers {
        std::future::pending::<()>().await;
    }
    Json(json!({"code": 200, "msg": "ok", "data": {"recId": number}}))
}
