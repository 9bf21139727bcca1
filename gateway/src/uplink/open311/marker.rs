//! The marker at the end of a description, by which a request of ours is found again.

/// Longest description that GeoReport allows, in characters.
const DESCRIPTION_CHARS_MAX: usize = 4000;
const OPENING: &str = "[patrol:";
const POSSIBLE_DUPLICATE: &str = "[possible_duplicate]";

/// The marker of a record.
pub(super) fn marker(id: &str) -> String {
    format!("{OPENING}{id}]")
}

/// Whether a description has a marker of ours, whosever it is.
pub(super) fn has_any(description: &str) -> bool {
    description.find(OPENING).is_some_and(|at| description[at..].contains(']'))
}

/// What is sent as a description: the text, cut when it is too long, and the marks.
pub(super) fn description(text: &str, id: &str, possible_duplicate: bool) -> String {
    let mut marks = marker(id);
    if possible_duplicate {
        marks = format!("{POSSIBLE_DUPLICATE} {marks}");
    }
    let room = DESCRIPTION_CHARS_MAX.saturating_sub(marks.chars().count() + 1);
    let mut out: String = text.chars().take(room).collect();
    if !out.is_empty() {
        out.push(' ');
    }
    out + &marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_stays_whole_however_long_the_text_is() {
        let id = "box-017/car-07/7/812";
        assert_eq!(description("占道", id, false), "占道 [patrol:box-017/car-07/7/812]");
        assert_eq!(description("", id, true), "[possible_duplicate] [patrol:box-017/car-07/7/812]");
        let long = description(&"长".repeat(5000), id, true);
        assert_eq!(long.chars().count(), DESCRIPTION_CHARS_MAX);
        assert!(long.ends_with(&marker(id)) && long.contains(POSSIBLE_DUPLICATE));
        assert!(
            !marker("box-017/car-07/7/81").contains(&marker(id)),
            "no record's marker is part of another's"
        );
        assert!(has_any(&long) && !has_any("[patrol") && !has_any("cut [patrol:box-01"));
    }
}
