//! Damage at rest: how it is told from other failures, and where a damaged database goes ([`folders`]).
//!
//! A database is damaged when SQLite says so, and also when it holds what we can't have written: a column of another type, a
//! key twice, a checksum that does not hold. A failing disk is something else: an I/O error ends the process.

pub(super) mod folders;

use rusqlite::{Error, ErrorCode, ffi};

/// Whether an error says that the database is damaged. The SQL is ours and fixed: what does not fit it was not written by us.
pub(super) fn is(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
        ),
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows => true,
        _ => false,
    }
}

/// The error for damage that we noticed ourselves.
pub(super) fn found(what: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}

/// Holds a row against its checksum. Rows from before there were checksums have none.
pub(super) fn check(stored: Option<u32>, computed: u32, what: &str) -> rusqlite::Result<()> {
    if stored.is_none_or(|stored| stored == computed) { Ok(()) } else { Err(found(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn damage_is_told_from_a_disk_that_is_full_or_fails() {
        let failure = |code| Error::SqliteFailure(ffi::Error::new(code), None);
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_CONSTRAINT_PRIMARYKEY] {
            assert!(is(&failure(code)), "{code}");
        }
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_BUSY, ffi::SQLITE_CANTOPEN] {
            assert!(!is(&failure(code)), "{code}");
        }
        assert!(is(&found("a row")) && check(Some(1), 2, "a row").is_err_and(|error| is(&error)));
        assert!(check(None, 2, "a row").is_ok() && check(Some(2), 2, "a row").is_ok());
    }

    #[test]
    fn a_column_of_another_type_is_damage() {
        let connection = Connection::open_in_memory().unwrap();
        let read = |sql| connection.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap_err();
        assert!(is(&read("SELECT 'text'")) && is(&read("SELECT -1")) && is(&read("SELECT 1 WHERE 0")));
        assert!(!is(&read("SELECT nothing")), "a mistake of ours is not the disk's");
    }
}
