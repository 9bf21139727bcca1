//! The composition root: a place holder until the parts are joined.

use thiserror::Error;

use crate::config::Config;

/// Why the gateway could not run.
#[derive(Debug, Error)]
pub enum AppError {
    /// This build has no service in it.
    #[error("the service is not part of this build")]
    NotBuilt,
}

/// Runs the gateway until it is told to stop.
pub async fn run(config: Config) -> Result<(), AppError> {
    tracing::info!(gateway = config.gateway.id, "configuration read");
    Err(AppError::NotBuilt)
}
