//! What the platform answers, read: one result for each event or loss record of the request.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::{Exception, Verdict};
use crate::uplink::carrier::Trouble;
use crate::uplink::verdict;
pub(super) use crate::uplink::verdict::{Answer, Outcome, shorten};

/// Reads an answer.
pub(super) fn read(
    status: StatusCode,
    retry_after: Option<Duration>,
    answer: &[u8],
) -> Result<Answer, Trouble> {
    let code = status.as_u16();
    match code {
        200 => {}
        400 | 413 | 422 => {
            return Err(Trouble::BatchRefused {
                status: code,
                reason: shorten(&String::from_utf8_lossy(answer)),
            });
        }
        408 | 425 | 429 | 500.. => return Err(Trouble::Unavailable { status: code, retry_after }),
        _ => return Err(Trouble::Denied { status: code }),
    }
    verdict::read(answer)
}

/// What is said of an event that was not simply accepted.
pub(super) fn exception(outcome: Outcome) -> Exception {
    let id = outcome.id.clone();
    Exception { id, decision: verdict(outcome).map(|verdict| verdict.decision) }
}

/// The verdict on an event. A status that is not known here is none: the event stays.
pub(super) fn verdict(outcome: Outcome) -> Option<Verdict> {
    outcome.decision().map(|(id, decision)| Verdict { id, decision })
}

/// The id of a loss record, if the platform has it now.
pub(super) fn taken(outcome: Outcome) -> Option<String> {
    outcome.taken()
}

/// The wait that the platform asks for, in seconds or as a date. A date is taken against the answer's own `Date`, since
/// this machine's clock may be wrong.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
    let wait = date(text)?.duration_since(date(headers.get(DATE)?.to_str().ok()?)?);
    Duration::try_from(wait).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::store::settlement::Decision;

    fn read(status: u16, answer: &str) -> Result<Vec<Outcome>, Trouble> {
        let answer = super::read(StatusCode::from_u16(status).unwrap(), None, answer.as_bytes())?;
        Ok(answer.results)
    }

    #[test]
    fn each_result_is_a_verdict_and_an_unknown_status_is_none() {
        let answer = r#"{"results": [
            {"id": "car-07/7/812", "status": "accepted", "case": "AJ-2026-000123"},
            {"id": "car-07/7/813", "status": "duplicate"},
            {"id": "car-07/7/814", "status": "rejected", "reason": "no such code"},
            {"id": "car-07/7/815", "status": "pondering"}]}"#;
        let decisions: Vec<_> = read(200, answer)
            .unwrap()
            .into_iter()
            .filter_map(verdict)
            .map(|verdict| verdict.decision)
            .collect();
        let accepted = |case: Option<&str>| Decision::Accepted { case_number: case.map(str::to_owned) };
        let rejected = Decision::Rejected { reason: "no such code".into() };
        assert_eq!(decisions, [accepted(Some("AJ-2026-000123")), accepted(None), rejected]);
    }

    #[test]
    fn a_loss_record_is_taken_when_the_platform_says_that_it_has_it() {
        let answer = r#"{"results": [{"id": "a", "status": "accepted"}, {"id": "b", "status": "duplicate"},
            {"id": "c", "status": "rejected"}, {"id": "d", "status": "pondering"}]}"#;
        let ids: Vec<_> = read(200, answer).unwrap().into_iter().filter_map(taken).collect();
        assert_eq!(ids, ["a", "b"]);
    }

    #[test]
    fn only_a_complaint_about_the_content_blames_the_batch() {
        for status in [400, 413, 422] {
            assert!(matches!(read(status, "bad"), Err(Trouble::BatchRefused { .. })), "{status}");
        }
        for status in [301, 401, 403, 404, 405] {
            assert!(matches!(read(status, ""), Err(Trouble::Denied { .. })), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(read(status, ""), Err(Trouble::Unavailable { .. })), "{status}");
        }
        assert!(matches!(read(200, "<html>"), Err(Trouble::Garbled(_))));
        assert!(
            matches!(read(204, ""), Err(Trouble::Denied { .. })),
            "an answer without results releases nothing"
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_by_the_platforms_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("17"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(17)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("Mon, 23 Nov 2026 09:00:30 GMT"));
        assert_eq!(retry_after(&headers), None, "without a Date there is nothing to measure against");
        headers.insert(DATE, HeaderValue::from_static("Mon, 23 Nov 2026 09:00:00 GMT"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("soon"));
        assert_eq!(retry_after(&headers), None);
    }
}
