//! The reader: hands each key its value from the file or its variable, and collects everything that is wrong.
//!
//! A variable wins over the file; a bad value in the file is reported all the same. A key with a bad value keeps its
//! default for the rest of the pass, and checks that involve it are left out: one mistake makes one message.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

use super::entry::{Entries, EntryReader};
use super::error::{Fault, Place, Problem};
use super::names::{Known, VARIABLE_PREFIX, variable};
use super::value::{Keys, Kind, Raw, Section};

/// The text of a configuration file and its name for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The place of a part of the text; its beginning when nobody knows the part's.
    pub(super) fn place(&self, span: Option<Range<usize>>) -> Place {
        let before = self.text.get(..span.map_or(0, |span| span.start)).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place::File {
            file: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// Parses the TOML.
    pub(super) fn parse(&self) -> Result<Document<String>, Problem> {
        self.text.parse().map_err(|error: toml_edit::TomlError| Problem {
            place: self.place(error.span()),
            fault: Fault::Syntax(error.message().replace('\n', ", ")),
        })
    }
}

/// One pass over all keys that fills in what was given.
pub(super) struct Reader<'a> {
    source: Source<'a>,
    root: &'a dyn TableLike,
    table: Option<&'a dyn TableLike>,
    /// What keys of the section are called in messages: its name, and its number when it is not the first of its kind.
    called: String,
    variables: BTreeMap<String, String>,
    known: Known,
    given: BTreeMap<String, (Place, String)>,
    bad: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A reader of `root`, the parsed form of `source`; of `variables` only those with our prefix matter.
    pub(super) fn new(
        source: Source<'a>,
        root: &'a dyn TableLike,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Reader<'a> {
        Reader {
            source,
            root,
            table: None,
            called: String::new(),
            variables: variables.into_iter().filter(|(name, _)| name.starts_with(VARIABLE_PREFIX)).collect(),
            known: Known::default(),
            given: BTreeMap::new(),
            bad: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Everything that was given for the key asked for, each read or refused; the last one counts.
    fn ask<K: Kind>(&mut self, name: &'static str, kind: &K) -> Option<K::Value> {
        let section = self.known.current();
        self.known.add_key(name);
        let mut value = None;
        if let Some(item) = self.table.and_then(|table| table.get(name)) {
            value = self.take(name, kind, Raw::File(item), self.source.place(item.span()));
        }
        let variable = variable(section, name);
        if let Some(text) = self.variables.remove(&variable) {
            value = self.take(name, kind, Raw::Env(&text), Place::Variable(variable)).or(value);
        }
        value
    }

    fn take<K: Kind>(&mut self, name: &str, kind: &K, raw: Raw<'_>, place: Place) -> Option<K::Value> {
        let (key, found) = (format!("{}.{name}", self.called), kind.found(raw));
        let value = kind.read(raw);
        if value.is_none() {
            self.bad.insert(key.clone());
            let fault = Fault::BadValue { key: key.clone(), expected: kind.expected(), found: found.clone() };
            self.problems.push(Problem { place: place.clone(), fault });
        }
        self.given.insert(key, (place, found));
        value
    }

    /// Ends the pass: what was given and nobody asked for is unknown.
    pub(super) fn finish(mut self) -> Checks {
        let unknown = self.unknown_names();
        self.problems.extend(unknown);
        Checks { scope: None, given: self.given, bad: self.bad, problems: self.problems }
    }

    fn unknown_names(&self) -> Vec<Problem> {
        let mut unknown = Vec::new();
        for (name, item) in self.root.iter() {
            if self.known.is_entry(name) {
                continue; // its reader has told
            }
            let Some(keys) = self.known.keys_of(name) else {
                unknown.push(self.unknown(
                    self.root,
                    name,
                    name.to_owned(),
                    self.known.nearest_section(name),
                ));
                continue;
            };
            for table in tables(item) {
                for (key, _) in table.iter().filter(|(key, _)| !keys.contains(key)) {
                    let nearest = self.known.nearest_key(name, key);
                    unknown.push(self.unknown(table, key, format!("{name}.{key}"), nearest));
                }
            }
        }
        unknown.extend(self.variables.keys().map(|name| Problem {
            place: Place::Variable(name.clone()),
            fault: Fault::Unknown { name: "variable".to_owned(), nearest: self.known.nearest_variable(name) },
        }));
        unknown
    }

    fn unknown(&self, table: &dyn TableLike, key: &str, name: String, nearest: String) -> Problem {
        let place = self.source.place(table.key(key).and_then(toml_edit::Key::span));
        Problem { place, fault: Fault::Unknown { name, nearest } }
    }
}

/// The tables of a section, of each when it stands several times.
fn tables(item: &Item) -> Vec<&dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        other => other.as_table_like().into_iter().collect(),
    }
}

/// What the keys of the section with this index are called.
pub(super) fn called(name: &str, index: usize) -> String {
    if index == 0 { name.to_owned() } else { format!("{name}[{}]", index + 1) }
}

impl Keys for Reader<'_> {
    fn section(&mut self, name: &'static str) {
        self.known.add_section(name);
        name.clone_into(&mut self.called);
        let item: Option<&Item> = self.root.get(name);
        self.table = item.and_then(Item::as_table_like);
        if let (Some(item), None) = (item, self.table) {
            let fault = Fault::BadValue {
                key: name.to_owned(),
                expected: format!("a section [{name}]"),
                found: Raw::File(item).found(),
            };
            self.problems.push(Problem { place: self.source.place(item.span()), fault });
        }
    }

    fn key<K: Kind>(&mut self, name: &'static str, kind: K, value: &mut K::Value) {
        if let Some(given) = self.ask(name, &kind) {
            *value = given;
        }
    }

    fn optional<K: Kind>(&mut self, name: &'static str, kind: K, value: &mut Option<K::Value>) {
        if let Some(given) = self.ask(name, &kind) {
            *value = Some(given);
        }
    }

    fn repeated<S: Section>(&mut self, name: &'static str, sections: &mut Vec<S>) {
        let Some(Item::ArrayOfTables(tables)) = self.root.get(name) else {
            self.section(name);
            let mut one = S::default();
            one.visit(self);
            *sections = vec![one];
            return;
        };
        sections.clear();
        for (index, table) in tables.iter().enumerate() {
            self.known.add_section(name);
            self.table = Some(table);
            self.called = called(name, index);
            let mut one = S::default();
            one.visit(self);
            sections.push(one);
        }
    }

    fn entries<E: Entries>(&mut self, name: &'static str, entries: &mut E) {
        self.known.add_entry(name);
        match self.root.get(name) {
            None => {}
            Some(Item::ArrayOfTables(tables)) => {
                let mut reader = EntryReader::new(self.source);
                *entries = E::read(&mut reader, tables);
                self.problems.extend(reader.into_problems());
            }
            Some(other) => {
                let fault = Fault::BadValue {
                    key: name.to_owned(),
                    expected: format!("entries [[{name}]]"),
                    found: Raw::File(other).found(),
                };
                self.problems.push(Problem { place: self.source.place(other.span()), fault });
            }
        }
    }
}

/// Checks that involve several keys, after the pass.
pub(super) struct Checks {
    /// A section's name, and what its keys are called while one of several is checked.
    scope: Option<(&'static str, String)>,
    /// Where each key was given, and what stood there.
    given: BTreeMap<String, (Place, String)>,
    bad: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Checks {
    /// Was this key (`section.name`) given at all?
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(&self.scoped(key))
    }

    /// From now on keys of `section` mean those of its `index`th.
    pub(super) fn within(&mut self, section: &'static str, index: usize) {
        self.scope = Some((section, called(section, index)));
    }

    /// The key as it was called when it was read.
    fn scoped(&self, key: &str) -> String {
        let renamed = self.scope.as_ref().and_then(|(section, called)| {
            let rest = key.strip_prefix(section)?.strip_prefix('.')?;
            Some(format!("{called}.{rest}"))
        });
        renamed.unwrap_or_else(|| key.to_owned())
    }

    /// Unless `holds`, refuses the first of `keys`, at its place or else at that of the first that was given.
    pub(super) fn require(&mut self, holds: bool, keys: &[&str], expected: &str) {
        let keys: Vec<String> = keys.iter().map(|key| self.scoped(key)).collect();
        if holds || keys.iter().any(|key| self.bad.contains(key)) {
            return;
        }
        let Some(place) = keys.iter().find_map(|key| self.given.get(key)).map(|(place, _)| place.clone())
        else {
            return; // only defaults are involved, and they hold (a test reads them)
        };
        let key = keys.first().cloned().unwrap_or_default();
        let found = self.given.get(&key).map_or("nothing".to_owned(), |(_, found)| found.clone());
        self.problems
            .push(Problem { place, fault: Fault::BadValue { key, expected: expected.to_owned(), found } });
    }

    /// All that is wrong, in the order of the file.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems
    }
}
