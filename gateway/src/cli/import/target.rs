//! Where the chunks of an import go: into the gateway that runs, or the store of one that does not.

use std::io;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::cli::local_api::ApiError;
use crate::cli::local_api::exchange::{Answer, Api};
use crate::cli::offline::Offline;
use crate::cli::reach::{ReachError, Reached};
use crate::config::Config;
use crate::http::transfer::import::{ImportAnswer, ImportProgress, ImportQuery, PATH};
use crate::store::handle::{SettleError, Stopped};
use crate::transfer::chunk::{Chunk, RawChunk};
use crate::transfer::format::Header;
use crate::transfer::import::Importer;

/// The code of an answer that says that there is no room.
const NO_ROOM: u16 = 507;

/// Why chunks are not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    /// There is no room; the import goes on when there is some.
    #[error("存储已满 the store has no room for more")]
    NoRoom,
    /// The gateway does not answer as it should.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// What it answered is not understood.
    #[error("the gateway's answer is not understood: {0}")]
    Answer(io::Error),
    /// It can't be had.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The store has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// A gateway that takes a file.
pub(super) enum Target {
    Running { api: Api, query: String },
    Offline { importer: Importer, offline: Offline },
}

impl Target {
    /// The configured gateway, or its store when it does not run.
    pub(super) fn find(config: &Config, file: &Header) -> Result<Target, TargetError> {
        let own: Arc<str> = config.gateway.id.as_str().into();
        let (export, gateway) = (file.export, file.gateway.clone());
        match Reached::to_write(config)? {
            Reached::Running(api, _) => {
                let query = ImportQuery { export, gateway }.to_text();
                Ok(Target::Running { api, query: format!("{PATH}?{query}") })
            }
            Reached::Offline(offline) => {
                let importer = Importer { store: offline.store.clone(), own, export, gateway };
                Ok(Target::Offline { importer, offline })
            }
        }
    }

    /// The last chunk up to which all were taken; 0 when none was.
    pub(super) fn taken_up_to(&self) -> Result<u32, TargetError> {
        match self {
            Target::Running { api, query } => Ok(read::<ImportProgress>(api.get(query)?)?.taken_up_to),
            Target::Offline { importer, offline } => Ok(offline.runtime.block_on(importer.taken_up_to())?),
        }
    }

    /// Takes a chunk, in both its forms; returns when it is committed.
    pub(super) fn take(&self, raw: &RawChunk, chunk: Chunk) -> Result<ImportAnswer, TargetError> {
        match self {
            Target::Running { api, query } => match api.post(query, raw.bytes()) {
                Ok(answer) => read(answer),
                Err(ApiError::Refused { code: NO_ROOM, .. }) => Err(TargetError::NoRoom),
                Err(error) => Err(error.into()),
            },
            Target::Offline { importer, offline } => match offline.runtime.block_on(importer.take(chunk)) {
                Ok(outcome) => Ok(outcome.into()),
                Err(SettleError::Unsettled(_)) => Err(TargetError::NoRoom),
                Err(SettleError::Stopped(stopped)) => Err(stopped.into()),
            },
        }
    }
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, TargetError> {
    let text = answer.text().map_err(TargetError::Answer)?;
    serde_json::from_str(&text).map_err(|error| TargetError::Answer(error.into()))
}
