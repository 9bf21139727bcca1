//! Opening the database: the pragmas that make COMMIT mean "on flash", and the migrations.

mod shape;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::damage::{self, folders};
use super::medium::Medium;

/// Bytes of a database page.
pub const PAGE_BYTES: u64 = 4096;
/// How long a gateway that has just been told to end may keep the lock.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(1);
/// First SQLite without the WAL-reset corruption of 3.7.0 to 3.51.2.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Step `n` brings a database from `user_version` n to n + 1. Steps that were released are never edited.
const MIGRATIONS: [&str; 7] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
];

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory can't be made or synced: a person must look at path and permissions.
    #[error("data directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another gateway works on it: a person must stop that one or give this one a directory of its own.
    #[error("database {}: another gateway is running on it (it is locked)", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// SQLite refused: the database is damaged, or the disk is.
    #[error("database {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The database was written by a newer version of this program: use that one.
    #[error("database {} has schema version {found}, this program knows versions up to {known}", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its `user_version`.
        found: usize,
        /// The newest this program can read.
        known: usize,
    },
    /// The database does not sync the way the promise needs: it was made by something else, or the file system can't.
    #[error("database {}: {what}", path.display())]
    Unsafe {
        /// The database file.
        path: PathBuf,
        /// The setting.
        what: String,
    },
    /// The linked SQLite can corrupt a WAL database.
    #[error("SQLite {0} can corrupt its write-ahead log; 3.51.3 or newer is needed")]
    UnsafeSqlite(&'static str),
    /// The thread that owns the database could not be started.
    #[error("store thread: {0}")]
    Thread(io::Error),
}

impl OpenError {
    /// Whether the database is damaged: another one can take its place. Nothing else is mended by that.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, OpenError::Database { source, .. } if damage::is(source))
    }
}

/// The database file inside a data directory.
pub fn database_path(data_dir: &Path) -> PathBuf {
    data_dir.join(folders::DATABASE)
}

/// The write-ahead log beside it.
pub(super) fn log_path(data_dir: &Path) -> PathBuf {
    data_dir.join(folders::LOG)
}

/// Opens the database below `data_dir` of a medium, creating both when missing, with a quota of `max_bytes`.
///
/// # Errors
/// [`OpenError`]; nothing was changed then except that the directory may exist.
pub fn open(medium: &Medium, data_dir: &Path, max_bytes: u64) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::UnsafeSqlite(rusqlite::version()));
    }
    if matches!(medium, Medium::Files) {
        create_private(data_dir).map_err(|source| OpenError::Directory { path: data_dir.into(), source })?;
    }
    let path = database_path(data_dir);
    let database = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => OpenError::InUse { path: path.clone() },
        _ => OpenError::Database { path: path.clone(), source },
    };
    let mut connection = connect(medium, &path).map_err(database)?;
    configure(&connection, medium, max_bytes).map_err(database)?;
    verify_page_size(&connection).map_err(database)?;
    verify(&connection, medium).map_err(|what| OpenError::Unsafe { path: path.clone(), what })?;
    empty_log(&connection).map_err(database)?;
    migrate(&mut connection, &path)?;
    if !shape::is_ours(&connection, &MIGRATIONS).map_err(database)? {
        return Err(database(damage::found("its tables are not those of this program")));
    }
    Ok(connection)
}

/// Has SQLite look at the database of a gateway that does not run, without changing anything: what it finds wrong, `limit` lines
/// at most. It stays locked as long as the connection is open.
pub(super) fn look(
    medium: &Medium,
    data_dir: &Path,
    limit: usize,
) -> rusqlite::Result<(Vec<String>, Connection)> {
    let connection = connect(medium, &database_path(data_dir))?;
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    connection.execute_batch("PRAGMA locking_mode=EXCLUSIVE; PRAGMA query_only=ON;")?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let mut faults: Vec<String> = {
        let mut statement = connection.prepare(&format!("PRAGMA quick_check({limit})"))?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        lines.filter(|line| !line.as_ref().is_ok_and(|line| line == "ok")).collect::<rusqlite::Result<_>>()?
    };
    // An older one has other tables, until the next start.
    if version >= MIGRATIONS.len() as i64 && !shape::is_ours(&connection, &MIGRATIONS)? {
        faults.push("its tables are not those of this program".to_owned());
    }
    Ok((faults, connection))
}

/// Makes the directory (0700) and the database file (0600) and makes their names durable.
fn create_private(data_dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(database_path(data_dir))?;
    fs::File::open(data_dir)?.sync_all()?;
    match data_dir.canonicalize()?.parent() {
        Some(parent) => fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn connect(medium: &Medium, path: &Path) -> rusqlite::Result<Connection> {
    let mut escaped = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                escaped.push(char::from(*byte))
            }
            other => escaped.push_str(&format!("%{other:02x}")),
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(format!("file:{escaped}?{}", medium.uri_parameters()), flags)?;
    // Whatever is found: what may be damaged is left exactly as it is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// The order matters: exclusive locking before anything is read, so that the index of the WAL lives in our memory and no
/// other process can come between; page size before anything is written.
fn configure(connection: &Connection, medium: &Medium, max_bytes: u64) -> rusqlite::Result<()> {
    connection.busy_timeout(LOCK_WAIT_MAX)?;
    let max_pages = max_bytes / PAGE_BYTES;
    let synchronous = medium.synchronous();
    connection.execute_batch(&format!(
        "PRAGMA locking_mode=EXCLUSIVE;
         PRAGMA page_size=4096;
         PRAGMA auto_vacuum=NONE;
         PRAGMA journal_mode=WAL;
         PRAGMA synchronous={synchronous};
         PRAGMA journal_size_limit=-1;
         PRAGMA cache_size=-4096;
         PRAGMA mmap_size=0;
         PRAGMA temp_store=MEMORY;
         PRAGMA max_page_count={max_pages};"
    ))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Ours have one size of page; another one is a damaged header.
fn verify_page_size(connection: &Connection) -> rusqlite::Result<()> {
    let bytes: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    if u64::from(bytes) == PAGE_BYTES { Ok(()) } else { Err(damage::found("the size of its pages")) }
}

/// The pragmas that the promise hangs on, read back: a pragma that is refused is refused in silence.
fn verify(connection: &Connection, medium: &Medium) -> Result<(), String> {
    let wanted =
        [("journal_mode", "wal"), ("synchronous", medium.synchronous()), ("locking_mode", "exclusive")];
    for (name, value) in wanted {
        let found = connection
            .query_row(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"), [], |row| {
                row.get::<_, String>(0)
            })
            .map_err(|error| format!("{name}: {error}"))?;
        if found != value {
            return Err(format!("{name} is {found}, not {value}"));
        }
    }
    Ok(())
}

/// Brings what the log holds into the database, so that the next transaction begins the log anew.
///
/// SQLite begins a transaction on a page of flash of its own, but not the first one behind a log that it has recovered: a
/// power cut while that one is written could garble the end of the last one before it, which was acknowledged.
fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
    match connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())) {
        // On a full disk the log stays until there is room; to start is worth more.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(()),
        outcome => outcome,
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let database = |source| OpenError::Database { path: path.into(), source };
    let version =
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(database)?;
    let found = usize::try_from(version).unwrap_or(usize::MAX);
    if found > MIGRATIONS.len() && !shape::is_ours(connection, &MIGRATIONS).map_err(database)? {
        return Err(OpenError::Newer { path: path.into(), found, known: MIGRATIONS.len() });
    }
    let is_foreign = found == 0 && !shape::is_empty(connection).map_err(database)?;
    if found > MIGRATIONS.len() || is_foreign {
        return Err(database(damage::found("the version of its tables")));
    }
    for (from, step) in MIGRATIONS.iter().enumerate().skip(found) {
        let transaction = connection.transaction().map_err(database)?;
        transaction.execute_batch(step).map_err(|error| database(misfit(error)))?;
        transaction.pragma_update(None, "user_version", (from + 1) as i64).map_err(database)?;
        transaction.commit().map_err(database)?;
    }
    Ok(())
}

/// A step that does not fit was not made for this database: its version is not what it says.
fn misfit(error: rusqlite::Error) -> rusqlite::Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::Unknown) => damage::found(&error.to_string()),
        _ => error,
    }
}
