//! The uplinks in the status.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::status::rfc3339;
use crate::domain::report::Class;
use crate::domain::schedule::Hindrance;
use crate::domain::uplinks::UplinkNo;
use crate::health::UplinkStatus;
use crate::store::snapshot::Snapshot;

/// One uplink. The default is that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkReport {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// `https`, `mqtt`, `nats`, `open311`, `city` or `none`.
    pub kind: String,
    /// `none`, `idle`, `sending`, `backing_off` or `held_back`.
    pub state: String,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When the platform last accepted something.
    pub last_accepted_at: Option<String>,
    /// Reports accepted since the process started.
    pub accepted_total: u64,
    /// Reports refused for good since the process started.
    #[serde(default)]
    pub rejected_total: u64,
    /// Records that wait for this uplink.
    #[serde(default)]
    pub waiting: u64,
    /// Records that the platform took in a minute, of late.
    #[serde(default)]
    pub records_per_minute: u64,
    /// Bytes that went over the wire in a second, of late.
    #[serde(default)]
    pub wire_bytes_per_s: u64,
    /// Seconds until nothing waits any more at the present rate; `None` while nobody can say.
    #[serde(default)]
    pub eta_s: Option<u64>,
    /// Bytes left of today's budget, if there is one.
    #[serde(default)]
    pub budget_left_bytes: Option<u64>,
    /// Bytes left of today's budget for metered links, if there is one.
    #[serde(default)]
    pub metered_budget_left_bytes: Option<u64>,
    /// What does not go now.
    #[serde(default)]
    pub held_back: Vec<HeldBackReport>,
    /// The backlog starts in so many seconds, so that not all gateways come at once.
    #[serde(default)]
    pub drain_starts_in_s: Option<u64>,
    /// Nothing is sent for so many seconds: after failures, or because the platform asked for it.
    #[serde(default)]
    pub silent_for_s: Option<u64>,
    /// When the platform's certificate expires, if one was seen.
    #[serde(default)]
    pub platform_certificate_expires_at: Option<String>,
    /// When the gateway's own certificate for it expires, if it has one.
    #[serde(default)]
    pub client_certificate_expires_at: Option<String>,
    /// Why files of keys, tokens or certificates that have changed can't be used: those before still are.
    #[serde(default)]
    pub unusable_files: Option<String>,
}

/// A class that does not go now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBackReport {
    /// The class.
    pub class: String,
    /// Its records that wait.
    pub records: u64,
    /// `metered`, `not_in_depot`, `budget_used`, `metered_budget_used` or `drain_jitter`.
    pub why: String,
}

impl Default for UplinkReport {
    fn default() -> UplinkReport {
        UplinkReport::new(UplinkNo::FIRST, &UplinkStatus::default(), &Snapshot::default())
    }
}

impl UplinkReport {
    pub(super) fn new(no: UplinkNo, uplink: &UplinkStatus, store: &Snapshot) -> UplinkReport {
        let outlook = &uplink.outlook;
        let held_back = outlook.held_back.iter().map(|held| HeldBackReport {
            class: held.class.as_str().to_owned(),
            records: held.records,
            why: name(held.why).to_owned(),
        });
        UplinkReport {
            name: uplink.name.to_string(),
            kind: uplink.kind.to_owned(),
            state: uplink.state.as_str().to_owned(),
            last_error: uplink.last_error.as_deref().map(str::to_owned),
            last_accepted_at: uplink.last_accepted_at_ms.and_then(rfc3339),
            accepted_total: uplink.accepted_total,
            rejected_total: uplink.rejected_total,
            waiting: Class::ALL.into_iter().map(|class| store.waiting_for(no, class)).sum(),
            records_per_minute: (outlook.records_per_s * 60.0).round() as u64,
            wire_bytes_per_s: outlook.wire_bytes_per_s.round() as u64,
            eta_s: outlook.eta.as_ref().map(Duration::as_secs),
            budget_left_bytes: outlook.budget_left_bytes,
            metered_budget_left_bytes: outlook.metered_budget_left_bytes,
            held_back: held_back.collect(),
            drain_starts_in_s: outlook.drain_starts_in.as_ref().map(Duration::as_secs),
            silent_for_s: outlook.silent_for.as_ref().map(Duration::as_secs),
            platform_certificate_expires_at: uplink.platform_certificate_expires_at_ms.and_then(rfc3339),
            client_certificate_expires_at: uplink.client_certificate_expires_at_ms.and_then(rfc3339),
            unusable_files: uplink.unusable_files.as_deref().map(str::to_owned),
        }
    }
}

/// A hindrance's name in the API.
const fn name(why: Hindrance) -> &'static str {
    match why {
        Hindrance::Metered => "metered",
        Hindrance::NotInDepot => "not_in_depot",
        Hindrance::BudgetUsed => "budget_used",
        Hindrance::MeteredBudgetUsed => "metered_budget_used",
        Hindrance::DrainJitter => "drain_jitter",
    }
}
