//! The platform's word on events and loss records, as JSON: one result for each. The same whichever way it comes.

use serde::Deserialize;

use super::carrier::Trouble;
use crate::store::settlement::Decision;

/// A reason or error text from the platform is kept up to here.
const TEXT_CHARS_MAX: usize = 300;

/// An answer as it came.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) results: Vec<Outcome>,
    /// To a body of columns: how many events it has accepted that have no result.
    pub(super) accepted: Option<usize>,
}

/// One result as it came.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    pub(super) id: String,
    status: String,
    case: Option<String>,
    reason: Option<String>,
}

/// Reads `{"results": [...]}`.
pub(super) fn read(answer: &[u8]) -> Result<Answer, Trouble> {
    serde_json::from_slice(answer).map_err(|error| Trouble::Garbled(error.to_string()))
}

impl Outcome {
    /// The id of an event and the decision on it. A status that is not known here is none: the event stays.
    pub(super) fn decision(self) -> Option<(String, Decision)> {
        let decision = match self.status.as_str() {
            "accepted" | "duplicate" => Decision::Accepted { case_number: self.case.as_deref().map(shorten) },
            "rejected" => {
                Decision::Rejected { reason: shorten(self.reason.as_deref().unwrap_or("no reason given")) }
            }
            _ => return None,
        };
        Some((self.id, decision))
    }

    /// The id of a loss record, if the platform has it now.
    pub(super) fn taken(self) -> Option<String> {
        matches!(self.status.as_str(), "accepted" | "duplicate").then_some(self.id)
    }
}

/// What the platform says is kept up to [`TEXT_CHARS_MAX`].
pub(super) fn shorten(text: &str) -> String {
    text.trim().chars().take(TEXT_CHARS_MAX).collect()
}
