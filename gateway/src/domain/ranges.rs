//! Numbers as ascending ranges: what is done of a table whose rows are done more or less in their order.

/// Ranges at most; scattered numbers beyond are not taken.
pub const RANGES_MAX: usize = 1024;

/// A set of numbers as ranges that neither touch nor overlap, ascending; both ends are in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranges {
    spans: Vec<(i64, i64)>,
}

impl Ranges {
    /// Whether a number is in.
    pub fn contains(&self, number: i64) -> bool {
        self.span_at(number).is_ok()
    }

    /// The first number from `from` on that is not in.
    pub fn next_gap(&self, from: i64) -> i64 {
        self.span_at(from).map_or(from, |at| self.spans[at].1.saturating_add(1))
    }

    /// Adds a number. False when it would be one range too many: it is not in then.
    pub fn insert(&mut self, number: i64) -> bool {
        let Err(at) = self.span_at(number) else { return true };
        let joins_before = at > 0 && self.spans[at - 1].1 == number - 1;
        let joins_after = self.spans.get(at).is_some_and(|span| span.0 - 1 == number);
        match (joins_before, joins_after) {
            (true, true) => {
                self.spans[at - 1].1 = self.spans[at].1;
                self.spans.remove(at);
            }
            (true, false) => self.spans[at - 1].1 = number,
            (false, true) => self.spans[at].0 = number,
            (false, false) if self.spans.len() >= RANGES_MAX => return false,
            (false, false) => self.spans.insert(at, (number, number)),
        }
        true
    }

    /// Adds all numbers below one: nothing there matters any more.
    pub fn absorb_below(&mut self, number: i64) {
        let Some(last) = number.checked_sub(1) else { return };
        // The first span that goes on from `last` or lies beyond it stays.
        let keep = self.spans.partition_point(|span| span.1 < last);
        let joined = self.spans.get(keep).filter(|span| span.0 <= number).map(|span| span.1);
        let from = if joined.is_some() { keep + 1 } else { keep };
        self.spans.splice(..from, [(i64::MIN, joined.unwrap_or(last))]);
    }

    /// The greatest number that is in.
    pub fn last(&self) -> Option<i64> {
        self.spans.last().map(|span| span.1)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The ends of the ranges, eight bytes each, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.spans.iter().flat_map(|span| [span.0, span.1]).flat_map(i64::to_le_bytes).collect()
    }

    /// The inverse of [`Ranges::to_bytes`]; `None` when these are no ranges.
    pub fn from_bytes(bytes: &[u8]) -> Option<Ranges> {
        let (pairs, rest) = bytes.as_chunks::<16>();
        let end = |bytes: &[u8]| Some(i64::from_le_bytes(bytes.try_into().ok()?));
        let span = |pair: &[u8; 16]| Some((end(&pair[..8])?, end(&pair[8..])?));
        let spans: Vec<(i64, i64)> = pairs.iter().map(span).collect::<Option<_>>()?;
        let ascending = spans.iter().all(|span| span.0 <= span.1)
            && spans.windows(2).all(|pair| pair[0].1.checked_add(1).is_some_and(|next| next < pair[1].0));
        (rest.is_empty() && ascending && spans.len() <= RANGES_MAX).then_some(Ranges { spans })
    }

    /// The span a number is in, or else where one for it belongs.
    fn span_at(&self, number: i64) -> Result<usize, usize> {
        let at = self.spans.partition_point(|span| span.1 < number);
        if self.spans.get(at).is_some_and(|span| span.0 <= number) { Ok(at) } else { Err(at) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_plain_set_holds(steps in prop::collection::vec((0..3u8, -40..40i64), 0..120)) {
            let (mut ranges, mut plain) = (Ranges::default(), BTreeSet::new());
            let mut floor = i64::MIN;
            for (kind, number) in steps {
                if kind == 0 {
                    ranges.absorb_below(number);
                    floor = floor.max(number);
                } else {
                    prop_assert!(ranges.insert(number));
                    plain.insert(number);
                }
                let is_in = |number: i64| number < floor || plain.contains(&number);
                for number in -45..45 {
                    prop_assert_eq!(ranges.contains(number), is_in(number), "{}", number);
                    let gap = (number..).find(|number| !is_in(*number)).unwrap();
                    prop_assert_eq!(ranges.next_gap(number), gap);
                }
                let spans = ranges.spans.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0);
                prop_assert!(spans, "{:?}", ranges);
                let read_back = Ranges::from_bytes(&ranges.to_bytes());
                prop_assert_eq!(read_back.as_ref(), Some(&ranges));
            }
        }

        #[test]
        fn any_bytes_are_ranges_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(ranges) = Ranges::from_bytes(&bytes) {
                prop_assert_eq!(ranges.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn scattered_numbers_are_bounded() {
        let mut ranges = Ranges::default();
        let taken = (0..4096).filter(|number| ranges.insert(number * 2)).count();
        assert_eq!(taken, RANGES_MAX);
        assert!(ranges.insert(1), "what joins others takes no room");
    }
}
