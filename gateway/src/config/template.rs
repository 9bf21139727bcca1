//! The documented template: the one place where the keys are explained in words.
//!
//! Its form: `[section]` lines; for each key one or more lines of explanation beginning with `# `, then the key with
//! its default, commented out as `#key = value` without a blank.

/// The template.
pub(super) const TEMPLATE: &str = include_str!("default.toml");

/// The explanation of a key, its lines joined; empty when the template has none.
pub(super) fn explanation(section: &str, name: &str) -> String {
    let mut lines = TEMPLATE.lines().skip_while(|line| *line != format!("[{section}]")).skip(1);
    let mut words: Vec<&str> = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.starts_with('[')) {
        match line.strip_prefix("# ") {
            Some(text) => words.push(text),
            None if is_key(line, name) => return words.join(" "),
            None => words.clear(),
        }
    }
    String::new()
}

fn is_key(line: &str, name: &str) -> bool {
    let key = line.strip_prefix('#').and_then(|line| line.split_once('='));
    key.is_some_and(|(key, _)| key.trim() == name)
}
