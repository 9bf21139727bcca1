//! Files that are lists: TOML tables `[[name]]`, each with a few keys. Everything wrong is collected, with its place.

use toml_edit::{Item, Key, Table, TableLike};

use super::error::{ConfigError, Fault, Place, Problem};
use super::names::nearest;
use super::read::Source;
use super::value::{Kind, Raw};

/// A kind of entries: what each is called, and its keys.
pub(super) struct Heading {
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
}

/// A pass over the entries of a file.
pub(super) struct Entries<'a> {
    source: Source<'a>,
    problems: Vec<Problem>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(source: Source<'a>) -> Entries<'a> {
        Entries { source, problems: Vec::new() }
    }

    /// The tables below each heading, in order. Names that mean nothing are refused.
    pub(super) fn tables<'t, const N: usize>(
        &mut self,
        root: &'t Table,
        headings: &[Heading; N],
    ) -> [Vec<&'t Table>; N] {
        let known = headings.each_ref().map(|heading| heading.name);
        let written = |name: &str| format!("[[{name}]]");
        let nearest_heading = |name: &str| nearest(&written(name), known.iter().map(|known| written(known)));
        self.refuse_unknown(root, &known, nearest_heading, str::to_owned);
        headings.each_ref().map(|heading| self.tables_of(root, heading))
    }

    fn tables_of<'t>(&mut self, root: &'t Table, heading: &Heading) -> Vec<&'t Table> {
        let tables: Vec<_> = match root.get(heading.name) {
            None => Vec::new(),
            Some(Item::ArrayOfTables(tables)) => tables.iter().collect(),
            Some(other) => {
                let place = self.source.place(other.span());
                let expected = format!("entries [[{}]]", heading.name);
                self.refuse(place, heading.name.to_owned(), expected, Raw::File(other).found());
                Vec::new()
            }
        };
        for table in &tables {
            let nearest_key = |name: &str| nearest(name, heading.keys.iter().map(ToString::to_string));
            self.refuse_unknown(table, heading.keys, nearest_key, |name| format!("{}.{name}", heading.name));
        }
        tables
    }

    /// The value of a key that must be there; `None` when it is refused.
    pub(super) fn needed<K: Kind>(
        &mut self,
        heading: &Heading,
        table: &Table,
        name: &str,
        kind: &K,
    ) -> Option<K::Value> {
        let value = self.optional(heading, table, name, kind)?;
        if value.is_none() {
            self.refuse_key(heading, table, name, kind.expected(), "nothing".to_owned());
        }
        value
    }

    /// The value of a key, if it is there; `None` when it is refused.
    pub(super) fn optional<K: Kind>(
        &mut self,
        heading: &Heading,
        table: &Table,
        name: &str,
        kind: &K,
    ) -> Option<Option<K::Value>> {
        let Some(item) = table.get(name) else { return Some(None) };
        let value = kind.read(Raw::File(item));
        if value.is_none() {
            self.refuse_key(heading, table, name, kind.expected(), kind.found(Raw::File(item)));
        }
        value.map(Some)
    }

    /// Refuses an entry as a whole.
    pub(super) fn refuse_entry(&mut self, table: &Table, key: &str, expected: String, found: String) {
        let place = self.place(table);
        self.refuse(place, key.to_owned(), expected, found);
    }

    /// Refuses a key of an entry, at its own place or, when it is missing, at the entry's.
    pub(super) fn refuse_key(
        &mut self,
        heading: &Heading,
        table: &Table,
        name: &str,
        expected: String,
        found: String,
    ) {
        let place = self.source.place(table.get(name).map_or(table.span(), Item::span));
        self.refuse(place, format!("{}.{name}", heading.name), expected, found);
    }

    /// Where an entry begins.
    pub(super) fn place(&self, table: &Table) -> Place {
        self.source.place(table.span())
    }

    fn refuse(&mut self, place: Place, key: String, expected: String, found: String) {
        self.problems.push(Problem { place, fault: Fault::BadValue { key, expected, found } });
    }

    fn refuse_unknown(
        &mut self,
        table: &Table,
        known: &[&str],
        nearest: impl Fn(&str) -> String,
        full_name: impl Fn(&str) -> String,
    ) {
        for (name, _) in TableLike::iter(table).filter(|(name, _)| !known.contains(name)) {
            let place = self.source.place(table.key(name).and_then(Key::span));
            let fault = Fault::Unknown { name: full_name(name), nearest: nearest(name) };
            self.problems.push(Problem { place, fault });
        }
    }

    /// What was read, unless something was refused.
    pub(super) fn finish<T>(mut self, read: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() {
            return Ok(read);
        }
        self.problems.sort();
        Err(ConfigError::Refused { problems: self.problems })
    }
}
