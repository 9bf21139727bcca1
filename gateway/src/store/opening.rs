//! Opening the store: the database that is there, or, when that is damaged, a fresh one in its place, which serves at once.

pub(super) mod files;
mod header;
mod structure;

use std::path::Path;

use rusqlite::{Connection, params};

use self::files::Files;
use super::damage::folders::Folders;
use super::damage::found;
use super::database::Database;
use super::mark::{Mark, Marked};
use super::medium::Medium;
use super::numbers;
use super::schema::{self, OpenError};
use super::tables::GENERATION;
use super::windows::set_meta;
use super::writer::StoreOptions;

/// Runs of the gateway that one database is given; see [`super::inlet::Mint`].
const RUNS_SHIFT: u32 = 20;

/// What is known of a database that has to be replaced.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    pub(super) generation: u32,
    pub(super) start_number: u32,
    /// Commits that its log had lost when it was opened.
    pub(super) log_commits_missing: u64,
}

/// Opens the database, or one in the place of a damaged one.
///
/// # Errors
/// [`OpenError`]: there is none that could be used.
pub(super) fn open(options: &StoreOptions) -> Result<Database, OpenError> {
    if !matches!(options.medium, Medium::Files) {
        return noted(options, open_one(options, None)?);
    }
    let data_dir = &options.data_dir;
    Folders::of(data_dir).finish_move().map_err(|source| directory_error(data_dir, source))?;
    let marked = Marked::read(data_dir);
    let mut before = Before { generation: marked.map_or(0, |marked| marked.generation), ..Before::default() };
    let opened = open_whole(options, marked, &mut before).and_then(|database| noted(options, database));
    let mut database = match opened {
        Err(damage) if damage.is_damage() => noted(options, replace(options, before, &damage)?)?,
        opened => opened?,
    };
    database.note_commit();
    Ok(database)
}

/// Makes a loss record of what the log had lost.
fn noted(options: &StoreOptions, mut database: Database) -> Result<Database, OpenError> {
    let error = |source| database_error(&options.data_dir, source);
    let commits = database.log_commits_missing;
    if commits > 0 {
        tracing::error!(
            commits,
            "the end of the write-ahead log is gone, and with it what was acknowledged last"
        );
        database.note_log_damage().map_err(error)?;
    }
    Ok(database)
}

/// Opens what is there, when all of it is there: a log that has lost its end may not fit the database any more.
fn open_whole(
    options: &StoreOptions,
    marked: Option<Marked>,
    before: &mut Before,
) -> Result<Database, OpenError> {
    let data_dir = &options.data_dir;
    match files::look(data_dir) {
        Files::Usual => {}
        Files::LogAlone => return Err(database_error(data_dir, found("it is empty, and its log is not"))),
        Files::LogIsOld => {
            let folders = Folders::of(data_dir);
            let number = folders.next_number(before.generation);
            let folder = number.and_then(|number| folders.set_log_aside(number));
            let folder = folder.map_err(|source| directory_error(data_dir, source))?;
            tracing::error!(folder = %folder.display(), "the log is damaged and older than the database: set aside");
        }
    }
    let mut database = match open_one(options, None) {
        Err(OpenError::Database { source, .. }) if !header::is_ours(data_dir) => {
            return Err(database_error(data_dir, found(&format!("its header ({source})"))));
        }
        opened => opened?,
    };
    let Some(marked) = marked else { return Ok(database) };
    before.log_commits_missing = marked.missing(database.tables.commit_seq, database.generation());
    if before.log_commits_missing > 0 {
        structure::check(&database.connection).map_err(|source| database_error(data_dir, source))?;
        database.log_commits_missing = before.log_commits_missing;
        // Whoever was told of a commit that is gone may still know its number.
        database.tables.commit_seq = marked.commit_seq;
    }
    Ok(database)
}

/// Sets a damaged database aside, on which nobody works any more, and opens a fresh one in its place.
///
/// # Errors
/// [`OpenError`]: there is none now.
pub(super) fn replace(
    options: &StoreOptions,
    before: Before,
    damage: &dyn std::fmt::Display,
) -> Result<Database, OpenError> {
    let folders = Folders::of(&options.data_dir);
    let directory = |source| directory_error(&options.data_dir, source);
    let number = folders.next_number(before.generation).map_err(directory)?;
    let folder = folders.set_aside(number).map_err(directory)?;
    tracing::error!(%damage, folder = %folder.display(), "the database is damaged: set aside, a fresh one serves");
    open_one(options, Some(Before { generation: number, ..before }))
}

/// Opens what is there; with `fresh`, what takes the place of a damaged one.
fn open_one(options: &StoreOptions, fresh: Option<Before>) -> Result<Database, OpenError> {
    let StoreOptions { medium, data_dir, max_bytes, .. } = options;
    let mut connection = schema::open(medium, data_dir, *max_bytes)?;
    let database = |source| database_error(data_dir, source);
    if let Some(fresh) = fresh {
        begin_generation(&mut connection, fresh).map_err(database)?;
    }
    let mut opened = Database::load(connection, options.clone()).map_err(database)?;
    opened.log_commits_missing = fresh.map_or(0, |fresh| fresh.log_commits_missing);
    if matches!(medium, Medium::Files) {
        opened.mark = Some(Mark::open(data_dir).map_err(|source| directory_error(data_dir, source))?);
    }
    Ok(opened)
}

/// All numbers of the fresh database begin above those of the one before: somebody may still hold these.
fn begin_generation(connection: &mut Connection, fresh: Before) -> rusqlite::Result<()> {
    let Before { generation, start_number, .. } = fresh;
    let transaction = connection.transaction()?;
    set_meta(&transaction, GENERATION, generation.into())?;
    set_meta(&transaction, "run", u64::from(generation) << RUNS_SHIFT)?;
    set_meta(&transaction, "start", start_number.into())?;
    for table in ["down", "loss"] {
        let floor = numbers::floor(generation);
        transaction
            .execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![table, floor])?;
    }
    transaction.commit()
}

fn database_error(data_dir: &Path, source: rusqlite::Error) -> OpenError {
    OpenError::Database { path: schema::database_path(data_dir), source }
}

fn directory_error(data_dir: &Path, source: std::io::Error) -> OpenError {
    OpenError::Directory { path: data_dir.into(), source }
}
