//! Names of keys and variables, and the nearest known one to a name that means nothing.

/// What the name of every override begins with.
pub(super) const VARIABLE_PREFIX: &str = "PATROL_GATEWAY__";

/// The variable that overrides a key: `PATROL_GATEWAY__UPLINK__URL`.
pub(super) fn variable(section: &str, name: &str) -> String {
    format!("{VARIABLE_PREFIX}{}__{}", section.to_ascii_uppercase(), name.to_ascii_uppercase())
}

/// All sections and keys that the reader asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    sections: Vec<(&'static str, Vec<&'static str>)>,
    entries: Vec<&'static str>,
}

impl Known {
    pub(super) fn add_section(&mut self, section: &'static str) {
        self.sections.push((section, Vec::new()));
    }

    pub(super) fn add_key(&mut self, name: &'static str) {
        if let Some((_, keys)) = self.sections.last_mut() {
            keys.push(name);
        }
    }

    /// An array of tables.
    pub(super) fn add_entry(&mut self, name: &'static str) {
        self.entries.push(name);
    }

    /// Whether there is an array of tables of this name.
    pub(super) fn is_entry(&self, name: &str) -> bool {
        self.entries.contains(&name)
    }

    /// The section that the keys are being added to.
    pub(super) fn current(&self) -> &'static str {
        self.sections.last().map_or("", |(section, _)| *section)
    }

    fn sections(&self) -> impl Iterator<Item = (&'static str, &[&'static str])> {
        self.sections.iter().map(|(section, keys)| (*section, keys.as_slice()))
    }

    /// The keys of a section; `None` when there is no such section.
    pub(super) fn keys_of(&self, section: &str) -> Option<&[&'static str]> {
        self.sections().find(|(known, _)| *known == section).map(|(_, keys)| keys)
    }

    /// The nearest to a name at the top of the file.
    pub(super) fn nearest_section(&self, name: &str) -> String {
        let sections = self.sections().map(|(section, _)| format!("[{section}]"));
        let sections = sections.chain(self.entries.iter().map(|entry| format!("[[{entry}]]")));
        self.same_key_elsewhere(name).unwrap_or_else(|| nearest(&format!("[{name}]"), sections))
    }

    /// The nearest to an unknown key of `section`.
    pub(super) fn nearest_key(&self, section: &str, name: &str) -> String {
        let keys = self.keys_of(section).unwrap_or_default().iter();
        self.same_key_elsewhere(name).unwrap_or_else(|| nearest(name, keys.map(ToString::to_string)))
    }

    /// The nearest to an unknown variable.
    pub(super) fn nearest_variable(&self, name: &str) -> String {
        let variables =
            self.sections().flat_map(|(section, keys)| keys.iter().map(move |key| variable(section, key)));
        nearest(name, variables)
    }

    /// A key that exists, in another section: it was put into the wrong one.
    fn same_key_elsewhere(&self, name: &str) -> Option<String> {
        let (section, key) = self
            .sections()
            .find_map(|(section, keys)| keys.iter().find(|key| **key == name).map(|key| (section, *key)))?;
        Some(format!("{section}.{key}"))
    }
}

/// The candidate with the fewest edits to `name`; the first of equals.
pub(super) fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> String {
    candidates.min_by_key(|candidate| strsim::damerau_levenshtein(name, candidate)).unwrap_or_default()
}
