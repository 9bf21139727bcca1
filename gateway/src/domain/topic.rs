//! Topic names and filters of MQTT: which are well formed, what matches what, and which filter lies within another.
//!
//! Source: MQTT 5.0, section 4.7, and 4.8.2 for shared subscriptions; 3.1.1 is the same but for the latter.

use std::fmt;

/// The first level of a shared subscription.
const SHARE: &str = "$share";

/// What a topic or a filter may have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicLimits {
    /// Bytes.
    pub bytes_max: usize,
    /// Levels.
    pub levels_max: usize,
}

/// Why a topic or a filter is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicFault {
    /// It has no letter.
    #[error("it is empty")]
    Empty,
    /// It has a zero in it.
    #[error("it has a U+0000 in it")]
    Zero,
    /// A topic name with `+` or `#`.
    #[error("a topic name has no wildcards")]
    Wildcard,
    /// A filter whose wildcard does not stand for a whole level, or `#` before the end.
    #[error("a wildcard stands for a whole level, and # only at the end")]
    MisplacedWildcard,
    /// A shared subscription without a group or without a filter.
    #[error("a shared subscription is $share/GROUP/FILTER")]
    Share,
    /// Above the limits.
    #[error("it is longer or deeper than what is taken here")]
    TooLong,
}

/// Looks whether a text is a topic that can be published to.
///
/// # Errors
/// [`TopicFault`]: it is none.
pub fn check_name(text: &str, limits: TopicLimits) -> Result<(), TopicFault> {
    check_size(text, limits)?;
    if text.contains(['+', '#']) { Err(TopicFault::Wildcard) } else { Ok(()) }
}

fn check_size(text: &str, limits: TopicLimits) -> Result<(), TopicFault> {
    if text.is_empty() {
        return Err(TopicFault::Empty);
    }
    let levels = text.bytes().filter(|byte| *byte == b'/').count() + 1;
    if text.len() > limits.bytes_max || levels > limits.levels_max {
        return Err(TopicFault::TooLong);
    }
    if text.contains('\0') { Err(TopicFault::Zero) } else { Ok(()) }
}

/// A filter that somebody subscribes to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Filter {
    /// As it came: `a/+`, or `$share/group/a/+`.
    text: Box<str>,
    /// Where the filter itself begins; above 0 when it is shared.
    filter_at: usize,
}

impl Filter {
    /// Reads a filter, shared or not.
    ///
    /// # Errors
    /// [`TopicFault`]: it is none.
    pub fn parse(text: &str, limits: TopicLimits) -> Result<Filter, TopicFault> {
        check_size(text, limits)?;
        let filter_at = filter_at(text)?;
        let mut levels = text[filter_at..].split('/').peekable();
        while let Some(level) = levels.next() {
            let is_whole = level.len() == 1 || !level.contains(['+', '#']);
            if !is_whole || level == "#" && levels.peek().is_some() {
                return Err(TopicFault::MisplacedWildcard);
            }
        }
        Ok(Filter { text: text.into(), filter_at })
    }

    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it selects: without the group.
    pub fn selection(&self) -> &str {
        &self.text[self.filter_at..]
    }

    /// The group among whose members each message goes to one.
    pub fn group(&self) -> Option<&str> {
        let group = self.text[..self.filter_at].strip_prefix(SHARE)?;
        Some(group.trim_matches('/'))
    }

    /// True when the filter selects this topic.
    pub fn matches(&self, topic: &str) -> bool {
        lies_within(topic, self.selection())
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, formatter)
    }
}

/// Where the filter itself begins in the text of a subscription.
fn filter_at(text: &str) -> Result<usize, TopicFault> {
    let Some(rest) = text.strip_prefix(SHARE).and_then(|rest| rest.strip_prefix('/')) else {
        return if text == SHARE { Err(TopicFault::Share) } else { Ok(0) };
    };
    match rest.split_once('/') {
        Some((group, filter)) if !group.is_empty() && !group.contains(['+', '#']) && !filter.is_empty() => {
            Ok(text.len() - filter.len())
        }
        _ => Err(TopicFault::Share),
    }
}

/// True when every topic that `inner` selects is selected by `outer` too. A topic name is a filter that selects itself.
pub fn lies_within(inner: &str, outer: &str) -> bool {
    // What begins with a dollar is the server's own: no wildcard in the first place reaches it.
    if inner.starts_with('$') && outer.starts_with(['+', '#']) {
        return false;
    }
    let mut inner = inner.split('/');
    for outer in outer.split('/') {
        match (outer, inner.next()) {
            // `a/#` selects `a` as well.
            ("#", _) => return true,
            (_, None | Some("#")) => return false,
            ("+", Some(_)) => {}
            (outer, Some(inner)) if outer == inner => {}
            _ => return false,
        }
    }
    inner.next().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: TopicLimits = TopicLimits { bytes_max: 64, levels_max: 8 };

    fn filter(text: &str) -> Filter {
        Filter::parse(text, LIMITS).unwrap()
    }

    #[test]
    fn filters_select_what_the_standard_says() {
        let cases = [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/monitor", false),
            ("+/monitor", "$SYS/monitor", false),
            ("$SYS/#", "$SYS/monitor", true),
            ("$share/group/a/+", "a/b", true),
            ("ACCOUNTS", "Accounts", false),
        ];
        for (text, topic, selected) in cases {
            assert_eq!(filter(text).matches(topic), selected, "{text} {topic}");
        }
        assert_eq!((filter("$share/g/a/#").group(), filter("$share/g/a/#").selection()), (Some("g"), "a/#"));
        assert_eq!(filter("$shared/g/a").group(), None);
    }

    #[test]
    fn what_is_no_filter_is_refused_with_its_reason() {
        let cases = [
            ("", TopicFault::Empty),
            ("a/#/b", TopicFault::MisplacedWildcard),
            ("a#", TopicFault::MisplacedWildcard),
            ("a+/b", TopicFault::MisplacedWildcard),
            ("a\0", TopicFault::Zero),
            ("$share", TopicFault::Share),
            ("$share/g", TopicFault::Share),
            ("$share/g/", TopicFault::Share),
            ("$share//a", TopicFault::Share),
            ("$share/+/a", TopicFault::Share),
            ("1/2/3/4/5/6/7/8/9", TopicFault::TooLong),
            (&"x".repeat(65), TopicFault::TooLong),
        ];
        for (text, fault) in cases {
            assert_eq!(Filter::parse(text, LIMITS), Err(fault), "{text:?}");
        }
        assert_eq!(check_name("a/+", LIMITS), Err(TopicFault::Wildcard));
        assert_eq!(check_name("a//", LIMITS), Ok(()));
    }

    proptest! {
        /// Whoever may subscribe to the outer filter sees nothing more by the inner one.
        #[test]
        fn a_filter_within_another_selects_nothing_beyond_it(
            inner in "(\\$?[ab+]?/){0,3}[ab+#]?", outer in "(\\$?[ab+]?/){0,3}[ab+#]?", topic in "(\\$?[ab]?/){0,3}[ab]?",
        ) {
            let (inner, outer) = (Filter::parse(&inner, LIMITS), Filter::parse(&outer, LIMITS));
            if let (Ok(inner), Ok(outer), Ok(())) = (inner, outer, check_name(&topic, LIMITS))
                && lies_within(inner.selection(), outer.selection()) && inner.matches(&topic)
            {
                prop_assert!(outer.matches(&topic));
            }
        }
    }
}
