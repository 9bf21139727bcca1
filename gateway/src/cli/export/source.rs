//! Where the chunks of an export come from: the gateway that runs, or the store of one that does not.

use std::io::{BufReader, Read};
use std::net::TcpStream;
use std::sync::Arc;

use crate::cli::local_api::ApiError;
use crate::cli::local_api::exchange::Api;
use crate::cli::offline::Offline;
use crate::cli::reach::{ReachError, Reached};
use crate::config::Config;
use crate::domain::report::Class;
use crate::http::transfer::export::{ExportQuery, LAST, MORE, PATH};
use crate::store::scan::Cursor;
use crate::transfer::chunk::{Chunk, RawChunk};
use crate::transfer::export::{BacklogReader, ExportError};
use crate::transfer::format::{CHUNK_TAG, FormatError};

/// Why there is no chunk.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    /// The gateway does not answer as it should.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// What it answered broke off, or is not as it should be.
    #[error("the gateway's answer: {0}")]
    Answer(#[from] FormatError),
    /// It can't be had.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] ExportError),
}

/// A gateway with a backlog.
pub(super) enum Source {
    Running { api: Api, pending: [u64; Class::ALL.len()], gateway: Arc<str> },
    Offline { offline: Offline, gateway: Arc<str> },
}

impl Source {
    /// The configured gateway, or its store when it does not run.
    pub(super) fn find(config: &Config) -> Result<Source, SourceError> {
        let gateway: Arc<str> = config.gateway.id.as_str().into();
        match Reached::to_read(config)? {
            Reached::Running(api, report) => {
                let pending = Class::ALL.map(|class| report.pending.class(class));
                Ok(Source::Running { api, pending, gateway })
            }
            Reached::Offline(offline) => Ok(Source::Offline { offline, gateway }),
        }
    }

    /// The gateway's id.
    pub(super) fn gateway(&self) -> Arc<str> {
        match self {
            Source::Running { gateway, .. } | Source::Offline { gateway, .. } => gateway.clone(),
        }
    }

    /// Whether all is there that can be read: what a damaged database had is waited for.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Source::Running { .. } => true,
            Source::Offline { offline, .. } => offline.has_salvaged(),
        }
    }

    /// Records that wait in a class, when it was looked at.
    pub(super) fn pending(&self, class: Class) -> u64 {
        match self {
            Source::Running { pending, .. } => pending[class as usize],
            Source::Offline { offline, .. } => offline.store.snapshot().borrow().class(class).records,
        }
    }

    /// The chunks that are asked for.
    pub(super) fn chunks(&self, query: ExportQuery) -> Chunks<'_> {
        match self {
            Source::Running { api, .. } => {
                Chunks::Running(Answers { api, query, body: None, has_come: false })
            }
            Source::Offline { offline, .. } => {
                let ExportQuery { export, classes, cursor, number } = query;
                let backlog = BacklogReader::new(offline.store.clone(), export, classes, cursor, number);
                Chunks::Offline { offline, backlog }
            }
        }
    }
}

/// The chunks of an export, one by one.
pub(super) enum Chunks<'a> {
    Running(Answers<'a>),
    Offline { offline: &'a Offline, backlog: BacklogReader },
}

impl Chunks<'_> {
    /// The next one, in both its forms; `None` when all have come.
    pub(super) fn next(&mut self) -> Result<Option<(RawChunk, Chunk)>, SourceError> {
        let raw = match self {
            Chunks::Running(answers) => answers.next()?,
            Chunks::Offline { offline, backlog } => offline.runtime.block_on(backlog.next_chunk())?,
        };
        let Some(raw) = raw else { return Ok(None) };
        let chunk = raw.decode()?;
        Ok(Some((raw, chunk)))
    }
}

/// One answer of the API after the other.
pub(super) struct Answers<'a> {
    api: &'a Api,
    /// What is to be asked for next.
    query: ExportQuery,
    body: Option<BufReader<TcpStream>>,
    /// Something has come since it was last asked.
    has_come: bool,
}

enum Piece {
    Chunk(RawChunk),
    More,
    Last,
}

impl Answers<'_> {
    fn next(&mut self) -> Result<Option<RawChunk>, SourceError> {
        loop {
            match self.piece() {
                Ok(Piece::Chunk(raw)) => {
                    self.note(raw.head.class, raw.head.next)?;
                    return Ok(Some(raw));
                }
                Ok(Piece::More) => self.body = None,
                Ok(Piece::Last) => return Ok(None),
                // The gateway ends an answer that takes long; it goes on behind what has come.
                Err(SourceError::Answer(FormatError::Truncated | FormatError::Io(_))) if self.has_come => {
                    self.body = None;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn piece(&mut self) -> Result<Piece, SourceError> {
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                self.has_come = false;
                let path = format!("{PATH}?{}", self.query.to_text());
                self.body.insert(self.api.get(&path)?.into_body())
            }
        };
        let piece = read(body, &self.query)?;
        self.has_come = true;
        Ok(piece)
    }

    /// What comes next is behind this.
    fn note(&mut self, class: Class, next: Cursor) -> Result<(), FormatError> {
        let at = self.query.classes.iter().position(|asked| *asked == class);
        let at = at.ok_or(FormatError::Damaged("a chunk of a class that was not asked for"))?;
        self.query.classes.drain(..at);
        self.query.cursor = next;
        self.query.number = self.query.number.saturating_add(1);
        Ok(())
    }
}

fn read(input: &mut impl Read, query: &ExportQuery) -> Result<Piece, FormatError> {
    let mut word = [0; CHUNK_TAG.len()];
    input.read_exact(&mut word)?;
    match word {
        MORE => Ok(Piece::More),
        LAST => Ok(Piece::Last),
        CHUNK_TAG => {
            let raw = RawChunk::read_behind_tag(input, &query.export)?;
            match raw.head.number == query.number {
                true => Ok(Piece::Chunk(raw)),
                false => Err(FormatError::Damaged("a chunk has another number than was asked for")),
            }
        }
        _ => Err(FormatError::Damaged("there is neither a chunk nor an end")),
    }
}
