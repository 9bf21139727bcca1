//! `patrol-gateway uplink test`: proves an uplink end to end with a marked probe.
//!
//! The probe is a status report of a device named `uplink-test`, made for this and not stored: it goes the way that reports go, with
//! the same files, and the platform's word on it is awaited. A platform of cases gets none, as every request there opens a case.

use std::time::Instant;

use bytes::Bytes;
use clap::Subcommand;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Exit, print};
use crate::clock;
use crate::config::{Config, Mqtt, Uplink, Way};
use crate::domain::report::{Class, DeviceId, Identity};
use crate::store::record::StoredRecord;
use crate::store::settlement::{Decision, Pending, RecordKey};
use crate::uplink::carrier::{Answer, Carrier, Room, Trouble};
use crate::uplink::https::Platform;
use crate::uplink::https::carrier::EventCarrier;
use crate::uplink::mqtt;
use crate::uplink::nats::carrier::NatsCarrier;

/// The device that the probe names.
const DEVICE: &str = "uplink-test";

/// What to do with uplinks.
#[derive(Debug, Subcommand)]
pub enum UplinkCommand {
    /// 测试 Send a marked probe through each uplink and wait for the platform's word on it
    Test {
        /// Only these uplinks
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// The answer as JSON
        #[arg(long)]
        json: bool,
    },
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result")]
enum Outcome {
    /// The platform has the probe.
    Accepted {
        /// Milliseconds until its word was there.
        took_ms: u64,
        /// About how many bytes went over the link.
        wire_bytes: usize,
    },
    /// The platform answers for the probe, and does not want it: the way is proven, the content is refused.
    Rejected { reason: String },
    /// There is no word on it.
    Failed { error: String },
    /// A probe would open a case there.
    NotTried,
}

#[derive(Debug, Serialize)]
struct Tested {
    uplink: String,
    kind: &'static str,
    url: String,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Does it.
pub fn run(config: &Config, command: &UplinkCommand) -> Exit {
    let UplinkCommand::Test { names, json } = command;
    if let Some(unknown) = names.iter().find(|name| config.uplinks.iter().all(|uplink| uplink.name != **name))
    {
        eprintln!("没有这个上行 There is no uplink {unknown:?} in the configuration");
        return Exit::Usage;
    }
    let chosen = config.uplinks.iter().filter(|uplink| names.is_empty() || names.contains(&uplink.name));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("未完成 Not done: {error}");
            return Exit::Failure;
        }
    };
    // As the service does it at its start; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tested: Vec<Tested> = chosen
        .map(|uplink| Tested {
            uplink: uplink.name.clone(),
            kind: uplink.way.as_str(),
            url: uplink.url.to_string(),
            outcome: runtime.block_on(test(config, uplink)),
        })
        .collect();
    let printed = match (json, serde_json::to_string_pretty(&tested)) {
        (true, Ok(text)) => print(&(text + "\n")),
        _ => print(&words(&tested)),
    };
    let proven = |tested: &Tested| matches!(tested.outcome, Outcome::Accepted { .. } | Outcome::NotTried);
    if tested.iter().all(proven) { printed } else { Exit::Failure }
}

async fn test(config: &Config, uplink: &Uplink) -> Outcome {
    let (id, coordinates) = (config.gateway.id.clone(), config.geography.coordinates());
    let setup = |error: &dyn std::error::Error| Outcome::Failed { error: error.to_string() };
    match &uplink.way {
        Way::Https(_) => match Platform::new(uplink) {
            Ok(platform) => probe(&EventCarrier::new(platform, id, coordinates)).await,
            Err(error) => setup(&error),
        },
        Way::Mqtt(way) => {
            // A client of the gateway's own id would end the connection of the gateway that runs. Receipts would wait at the broker
            // for a client that does not come back: the broker's acknowledgement is what is proved.
            let client_id = way.client_id.as_deref().unwrap_or(&id);
            let way = Mqtt { client_id: Some(format!("{client_id}-test")), receipts: false, ..way.clone() };
            let (carrier, link) = mqtt::open(uplink, &way, &id, coordinates, fastrand::Rng::new());
            let stopping = CancellationToken::new();
            tokio::select! {
                outcome = probe(&carrier) => outcome,
                () = link.run(stopping) => Outcome::Failed { error: "the connection has ended".to_owned() },
            }
        }
        Way::Nats(_) => match NatsCarrier::new(uplink, id, coordinates, fastrand::Rng::new()) {
            Ok(carrier) => probe(&carrier).await,
            Err(error) => setup(&error),
        },
        Way::Open311(_) | Way::City(_) => Outcome::NotTried,
    }
}

async fn probe<C: Carrier>(carrier: &C) -> Outcome {
    let Some(device) = DeviceId::parse(DEVICE) else { return Outcome::NotTried };
    let record = StoredRecord {
        device,
        identity: Identity::Minted { run: fastrand::u64(1 << 32..1 << 60), number: 1 },
        class: Class::Status,
        received_at_ms: clock::unix_ms(),
        payload: Bytes::from_static(br#"{"firmware":"uplink test"}"#),
        casework: None,
        gateway: None,
    };
    let pending = Pending { key: RecordKey::Row(1), record, anchor: None };
    let packed = carrier.pack(&[&pending], Room { records: 1, bytes: 64 * 1024 });
    let started = Instant::now();
    let answer = carrier.send(packed.parcel).await;
    outcome(answer, u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
}

fn outcome(answer: Result<Answer, Trouble>, took_ms: u64) -> Outcome {
    match answer {
        Ok(Answer { mut decisions, wire_bytes }) => match decisions.pop().flatten() {
            Some(Decision::Accepted { .. }) => Outcome::Accepted { took_ms, wire_bytes },
            Some(Decision::Rejected { reason }) => Outcome::Rejected { reason },
            None => {
                Outcome::Failed { error: "the platform answers, and says nothing on the probe".to_owned() }
            }
        },
        Err(trouble) => Outcome::Failed { error: trouble.to_string() },
    }
}

fn words(tested: &[Tested]) -> String {
    if tested.is_empty() {
        return "未配置上行 no uplink is configured\n".to_owned();
    }
    let line = |Tested { uplink, kind, url, outcome }: &Tested| {
        let told = match outcome {
            Outcome::Accepted { took_ms, wire_bytes } => {
                format!("通过 ok: 平台已收 the platform has the probe, {took_ms} ms, {wire_bytes} bytes")
            }
            Outcome::Rejected { reason } => {
                format!(
                    "被拒 REJECTED: 通路正常，平台不收探测 the way works, the platform refuses the probe: {reason}"
                )
            }
            Outcome::Failed { error } => format!("失败 FAILED: {error}"),
            Outcome::NotTried => {
                "未测 not tried: 探测会立案 a probe would open a case there; see patrol-gateway check"
                    .to_owned()
            }
        };
        format!("{uplink} ({kind}, {url})  {told}\n")
    };
    tested.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_platforms_word_on_the_probe_proves_an_uplink() {
        let said = |decision| outcome(Ok(Answer { decisions: vec![decision], wire_bytes: 300 }), 12);
        let accepted = said(Some(Decision::Accepted { case_number: None }));
        assert_eq!(accepted, Outcome::Accepted { took_ms: 12, wire_bytes: 300 });
        assert!(matches!(said(Some(Decision::Rejected { reason: "no".into() })), Outcome::Rejected { .. }));
        assert!(matches!(said(None), Outcome::Failed { .. }));
        assert!(matches!(outcome(Err(Trouble::Deadline), 1), Outcome::Failed { .. }));
    }
}
