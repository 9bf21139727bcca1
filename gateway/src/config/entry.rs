//! Arrays of tables, `[[name]]`: entries with keys and tables of their own, which are read in their order and can't be given
//! as variables. What is wrong is told as everywhere: all at once, each with its place.

use std::ops::Range;

use toml_edit::{ArrayOfTables, Item, Key, Table, TableLike, Value};

use super::error::{Fault, Problem};
use super::names::nearest;
use super::read::Source;
use super::value::Raw;

/// What an array of tables holds.
pub(super) trait Entries: Sized {
    /// Reads the entries; what is wrong goes to the reader.
    fn read(reader: &mut EntryReader<'_>, tables: &ArrayOfTables) -> Self;

    /// The entries as TOML that reads back the same; empty when there are none.
    fn written(&self) -> &str;

    /// JSON Schema of one entry.
    fn schema() -> serde_json::Value;
}

/// A table that is being read: an entry, or a table in one.
#[derive(Clone)]
pub(super) struct At<'t> {
    /// The table.
    pub(super) table: &'t dyn TableLike,
    /// Where it stands.
    pub(super) span: Option<Range<usize>>,
    /// What its keys are called in messages, such as `mapping.device`.
    pub(super) name: String,
}

impl<'t> At<'t> {
    /// An entry.
    pub(super) fn entry(table: &'t Table, name: &str) -> At<'t> {
        At { table, span: table.span(), name: name.to_owned() }
    }

    /// The full name of a key.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// Where a key's value stands, or else the table.
    pub(super) fn place(&self, name: &str) -> Option<Range<usize>> {
        self.table.get(name).and_then(Item::span).or_else(|| self.span.clone())
    }
}

/// Reads entries of one text.
pub(super) struct EntryReader<'a> {
    source: Source<'a>,
    problems: Vec<Problem>,
}

impl<'a> EntryReader<'a> {
    /// A reader of parts of `source`.
    pub(super) fn new(source: Source<'a>) -> EntryReader<'a> {
        EntryReader { source, problems: Vec::new() }
    }

    /// All that was wrong.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Refuses what stands at a key, or its absence.
    pub(super) fn refuse(&mut self, at: &At<'_>, name: &str, expected: &str) {
        let found = at.table.get(name).map_or("nothing".to_owned(), |item| Raw::File(item).found());
        self.refuse_at(at.place(name), at.key(name), expected, found);
    }

    /// Refuses something at a place.
    pub(super) fn refuse_at(
        &mut self,
        span: Option<Range<usize>>,
        key: String,
        expected: &str,
        found: String,
    ) {
        let fault = Fault::BadValue { key, expected: expected.to_owned(), found };
        self.problems.push(Problem { place: self.source.place(span), fault });
    }

    /// Refuses every key of a table that is not known.
    pub(super) fn only(&mut self, at: &At<'_>, known: &[&str]) {
        for (name, _) in at.table.iter().filter(|(name, _)| !known.contains(name)) {
            self.unknown(at, name, known);
        }
    }

    /// Refuses a key that is none of those that are known.
    pub(super) fn unknown(&mut self, at: &At<'_>, name: &str, known: &[&str]) {
        let place = self.source.place(at.table.key(name).and_then(Key::span));
        let nearest = nearest(name, known.iter().map(ToString::to_string));
        self.problems.push(Problem { place, fault: Fault::Unknown { name: at.key(name), nearest } });
    }

    /// The value of a key, if it is there and `read` takes it.
    pub(super) fn value<T>(
        &mut self,
        at: &At<'_>,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Item) -> Option<T>,
    ) -> Option<T> {
        let value = read(at.table.get(name)?);
        if value.is_none() {
            self.refuse(at, name, expected);
        }
        value
    }

    /// The table at a key, if it is there.
    pub(super) fn table<'t>(&mut self, at: &At<'t>, name: &str) -> Option<At<'t>> {
        let item = at.table.get(name)?;
        let Some(table) = item.as_table_like() else {
            self.refuse(at, name, "a table");
            return None;
        };
        Some(At { table, span: item.span(), name: at.key(name) })
    }

    /// The tables in the array at a key: `[{...}, {...}]`, or `[[entry.name]]`.
    pub(super) fn tables<'t>(&mut self, at: &At<'t>, name: &str) -> Vec<At<'t>> {
        let key = at.key(name);
        let named = |table: &'t dyn TableLike, span| At { table, span, name: key.clone() };
        match at.table.get(name) {
            None => Vec::new(),
            Some(Item::ArrayOfTables(tables)) => {
                tables.iter().map(|table| named(table, table.span())).collect()
            }
            Some(Item::Value(Value::Array(array))) if array.iter().all(Value::is_inline_table) => {
                let tables = array.iter().filter_map(Value::as_inline_table);
                tables.map(|table| named(table, table.span())).collect()
            }
            Some(_) => {
                self.refuse(at, name, "an array of tables");
                Vec::new()
            }
        }
    }
}

/// Text, a number or a flag, as JSON; `None` for anything else.
pub(super) fn literal(item: &Item) -> Option<serde_json::Value> {
    let value = item.as_value()?;
    value_literal(value)
}

/// The same of a value in an array.
pub(super) fn value_literal(value: &Value) -> Option<serde_json::Value> {
    match value {
        Value::String(text) => Some(text.value().as_str().into()),
        Value::Integer(number) => Some((*number.value()).into()),
        Value::Float(number) => serde_json::Number::from_f64(*number.value()).map(Into::into),
        Value::Boolean(flag) => Some((*flag.value()).into()),
        _ => None,
    }
}

/// The tables as TOML without comments, as they would be written anew.
pub(super) fn rewritten(name: &str, tables: &ArrayOfTables) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let mut document = toml_edit::DocumentMut::new();
    document.insert(name, Item::ArrayOfTables(tables.iter().map(table_anew).collect()));
    document.to_string()
}

fn table_anew(table: &Table) -> Table {
    let mut anew = Table::new();
    anew.set_implicit(table.is_implicit());
    anew.set_dotted(table.is_dotted());
    for (name, item) in table {
        let item = match item {
            Item::Table(table) => Item::Table(table_anew(table)),
            Item::ArrayOfTables(tables) => Item::ArrayOfTables(tables.iter().map(table_anew).collect()),
            Item::Value(value) => Item::Value(value_anew(value)),
            Item::None => Item::None,
        };
        anew.insert(name, item);
    }
    anew
}

fn value_anew(value: &Value) -> Value {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(flag) => (*flag.value()).into(),
        Value::Datetime(time) => (*time.value()).into(),
        Value::Array(array) => Value::Array(array.iter().map(value_anew).collect()),
        Value::InlineTable(table) => {
            Value::InlineTable(table.iter().map(|(name, value)| (name, value_anew(value))).collect())
        }
    }
}
