//! The gateway of a configuration, for commands that work with it whether it runs or not: through its API, or its store.

use super::local_api;
use super::local_api::exchange::Api;
use super::offline::{Offline, OfflineError};
use crate::config::Config;
use crate::http::status::StatusReport;
use crate::http::token::{Token, TokenError};

/// Why it can't be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReachError {
    /// Another gateway than the configured one answers.
    #[error("另一网关在运行 gateway {0} answers, and the configuration is another one's")]
    Other(String),
    /// A gateway runs, and nothing may be written through its API.
    #[error(
        "网关在运行，需要令牌 the gateway is running: set http.token_file in its configuration and restart it, or stop it"
    )]
    NoToken,
    /// The token can't be read.
    #[error("http.token_file: {0}")]
    Token(#[from] TokenError),
    /// The store can't be opened.
    #[error(transparent)]
    Offline(#[from] OfflineError),
}

/// The gateway, one way or the other.
pub(super) enum Reached {
    /// It runs: its API, and what it said of itself.
    Running(Api, Box<StatusReport>),
    /// It does not: its store.
    Offline(Offline),
}

impl Reached {
    /// The configured gateway, to read from it.
    pub(super) fn to_read(config: &Config) -> Result<Reached, ReachError> {
        let address = config.http.bind;
        match local_api::status(address) {
            Ok(report) if report.gateway != config.gateway.id => Err(ReachError::Other(report.gateway)),
            Ok(report) => {
                let token = config.http.token_file.as_deref().map(Token::read).transpose()?;
                Ok(Reached::Running(Api { address, token }, Box::new(report)))
            }
            // Whatever else listens there: whether a gateway runs, its store's lock says.
            Err(_) => Ok(Reached::Offline(Offline::open(config)?)),
        }
    }

    /// The same to write, which nobody may without a token while it runs.
    pub(super) fn to_write(config: &Config) -> Result<Reached, ReachError> {
        match Reached::to_read(config)? {
            Reached::Running(Api { token: None, .. }, _) => Err(ReachError::NoToken),
            reached => Ok(reached),
        }
    }
}
