//! Whether a database has the tables that our migrations make, and no others.

use rusqlite::Connection;

/// What the schema table says of a table or index: type, name, SQL.
type Entry = (String, String, Option<String>);

/// True when the schema is exactly the one that `migrations` make.
pub(super) fn is_ours(connection: &Connection, migrations: &[&str]) -> rusqlite::Result<bool> {
    let model = Connection::open_in_memory()?;
    for step in migrations {
        model.execute_batch(step)?;
    }
    Ok(entries(connection)? == entries(&model)? && has_roots_of_their_own(connection)?)
}

/// True when there is nothing at all.
pub(super) fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut statement =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// A damaged root would show the rows of one table as those of another.
fn has_roots_of_their_own(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) = count(DISTINCT rootpage) AND min(rootpage) > 1 FROM sqlite_schema";
    connection.query_row(sql, [], |row| row.get(0))
}
