//! Whether the gateway did the work: everything it acknowledged is understood and waits to be forwarded.

use serde::Deserialize;

use crate::local_http::{self, ClientError};

/// The figures would be about other work than was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// No HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The gateway's status can't be had.
    #[error("the gateway's status: {0}")]
    Status(#[from] reqwest::Error),
    /// The counts do not fit.
    #[error(
        "the gateway acknowledged {acknowledged} reports and holds {pending}; {quarantined} in quarantine, \
         {duplicates} taken for duplicates"
    )]
    NotKept {
        /// By the load generator's count.
        acknowledged: u64,
        /// Waiting at the gateway.
        pending: u64,
        /// Not understood.
        quarantined: u64,
        /// Not stored again.
        duplicates: u64,
    },
}

#[derive(Deserialize)]
struct Status {
    pending_total: u64,
    counters: Counters,
}

#[derive(Deserialize)]
struct Counters {
    quarantined: u64,
    duplicates: u64,
}

/// Asks the gateway; what was in flight at the end may be stored without an acknowledgement.
pub(super) async fn all_is_kept(http_url: &str, acknowledged: u64) -> Result<(), AuditError> {
    let response = local_http::client()?.get(format!("{http_url}/api/v1/status")).send().await?;
    let status: Status = response.error_for_status()?.json().await?;
    let Counters { quarantined, duplicates } = status.counters;
    if status.pending_total >= acknowledged && quarantined == 0 && duplicates == 0 {
        return Ok(());
    }
    Err(AuditError::NotKept { acknowledged, pending: status.pending_total, quarantined, duplicates })
}
