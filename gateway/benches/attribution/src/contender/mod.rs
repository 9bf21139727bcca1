//! Who answers.

pub(crate) mod naive;
pub(crate) mod ours;
pub(crate) mod shapely;

use std::time::Duration;

/// What a contender said, and how long it took.
pub(crate) struct Answers {
    /// Place in the map's list of polygons, for each point; `None` outside.
    pub(crate) polygons: Vec<Option<usize>>,
    pub(crate) took: Duration,
}
