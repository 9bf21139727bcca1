//! Points (积分制): what assessments of stalls bring and cost, a score for each card and day, and ranks by month and quarter.
//!
//! ```text
//! kind, code, verdict ──PointRules──▶ points, stored with the entry ──Ledger──▶ daily scores ──▶ totals ──▶ ranks
//! ```
//!
//! - Points are decided when the report comes and stay as they were, whatever the rules say later. Base and bounds of a day are those of
//!   the rules in force when somebody asks.
//! - **A finding counts once for a card.** Of the reports of one finding that show the same card (a report and its witnesses), the first that has
//!   points counts. A witness that shows another card is about another stall, and counts for that.
//! - Nobody loses points to a clock or a place that is not known well enough: those verdicts are never assessed.
//! - The ledger holds one assessment per finding and card; noting an entry again after its time was worked out moves it to its day. So whoever
//!   notes entries as they come and as they change has what is rebuilt from the journal.

mod ledger;
mod period;
mod rules;
mod sheet;
#[cfg(test)]
mod tests;

pub use ledger::{ASSESSMENTS_MAX, Ledger, TooManyAssessments};
pub use period::Period;
pub use rules::{PointRules, RULES_MAX};
pub use sheet::{DayScore, PointsSheet, Standing};
