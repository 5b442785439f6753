//! Deleting costs what is deleted: each reference to a row that may go can be found by an index.
//!
//! SQLite looks for such references whenever a row goes, without an index in the whole table, and tells nobody: no
//! query plan shows it.

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};

/// Tables whose rows stay.
const KEPT: [&str; 2] = ["experiment", "metric"];

fn texts(connection: &Connection, sql: &str, param: &str) -> Vec<(String, String)> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([param], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The first columns of the indexes of a table, its primary key among them.
fn leading(connection: &Connection, table: &str) -> Vec<String> {
    let sql = "SELECT i.name, c.name FROM pragma_index_list(?1) AS i, pragma_index_info(i.name) AS c \
               WHERE c.seqno = 0 AND i.partial = 0 UNION ALL SELECT '', name FROM pragma_table_info(?1) WHERE pk = 1";
    texts(connection, sql, table).into_iter().map(|(_, column)| column).collect()
}

#[test]
fn each_reference_to_what_may_go_leads_an_index() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.db");
    drop(SqliteStore::open(&path, Config::default()).unwrap());
    let connection = Connection::open(&path).unwrap();
    let tables = texts(&connection, "SELECT name, '' FROM sqlite_schema WHERE type = ?1", "table");
    let mut n_references = 0;
    for (table, _) in tables {
        let references = texts(&connection, "SELECT \"table\", \"from\" FROM pragma_foreign_key_list(?1)", &table);
        for (parent, column) in references {
            n_references += 1;
            let found = leading(&connection, &table).contains(&column);
            assert!(found || KEPT.contains(&&*parent), "{table}.{column} refers to {parent} and leads no index");
        }
    }
    assert!(n_references > 20, "{n_references}");
}
