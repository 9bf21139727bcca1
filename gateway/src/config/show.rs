//! The effective configuration as TOML that the reader takes.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::entry::Entries;
use super::value::{Keys, Kind, Section};

/// One pass over all keys that writes them down.
#[derive(Default)]
pub(super) struct Show {
    document: DocumentMut,
    section: &'static str,
}

impl Show {
    pub(super) fn into_text(self) -> String {
        self.document.to_string()
    }
}

impl Keys for Show {
    fn section(&mut self, name: &'static str) {
        self.section = name;
        self.document.insert(name, Item::Table(Table::new()));
    }

    fn key<K: Kind>(&mut self, name: &'static str, kind: K, value_now: &mut K::Value) {
        if let Some(table) = self.document.get_mut(self.section).and_then(Item::as_table_mut) {
            table.insert(name, value(kind.show(value_now)));
        }
    }

    fn optional<K: Kind>(&mut self, name: &'static str, kind: K, value_now: &mut Option<K::Value>) {
        if let Some(value_now) = value_now {
            self.key(name, kind, value_now);
        }
    }

    fn repeated<S: Section>(&mut self, name: &'static str, sections: &mut Vec<S>) {
        let mut tables = ArrayOfTables::new();
        for section in sections.iter_mut() {
            self.section(name);
            section.visit(self);
            tables.extend(self.document.remove(name).and_then(|item| item.into_table().ok()));
        }
        let item = match tables.len() {
            0 | 1 => tables.into_iter().next().map_or(Item::None, Item::Table),
            _ => Item::ArrayOfTables(tables),
        };
        self.document.insert(name, item);
    }

    fn entries<E: Entries>(&mut self, name: &'static str, entries: &mut E) {
        // What it wrote itself reads.
        let written: DocumentMut = entries.written().parse().unwrap_or_default();
        if let Some(Item::ArrayOfTables(tables)) = written.get(name) {
            let mut tables = tables.clone();
            if let Some(first) = tables.get_mut(0) {
                first.decor_mut().set_prefix("\n"); // apart from the section before it
            }
            self.document.insert(name, Item::ArrayOfTables(tables));
        }
    }
}
