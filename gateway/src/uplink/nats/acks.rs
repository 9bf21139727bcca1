//! What a stream says on the messages of a batch.

use serde::Deserialize;

use crate::store::settlement::Decision;
use crate::uplink::carrier::Trouble;

/// What a server says is kept up to here.
const TEXT_CHARS_MAX: usize = 300;

/// JetStream's own numbers for what went wrong.
mod code {
    pub(super) const MESSAGE_TOO_LARGE: u32 = 10054;
    pub(super) const HEADERS_TOO_LARGE: u32 = 10097;
    pub(super) const NOT_STORED: u32 = 10077;
    pub(super) const NO_ROOM: [u32; 4] = [10002, 10023, 10028, 10047];
}

#[derive(Deserialize)]
struct PubAck {
    #[serde(default)]
    stream: String,
    #[serde(default)]
    seq: u64,
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

/// The stream's word on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// It is in the stream, now or from before.
    Stored,
    /// It will never be.
    Never(String),
    /// Not now.
    NotNow(Trouble),
}

/// No stream listens on the subject: there is none, or it has no leader at the moment.
pub(super) fn no_stream(subject: &str) -> Word {
    Word::NotNow(Trouble::Setup(format!(
        "no stream takes {subject}: create it, or wait until it has a leader (nats stream ls, nats stream info)"
    )))
}

/// Reads an acknowledgement. Anything that is none releases nothing.
pub(super) fn read(payload: &[u8]) -> Word {
    let garbled = |text: String| Word::NotNow(Trouble::Garbled(text));
    let ack: PubAck = match serde_json::from_slice(payload) {
        Ok(ack) => ack,
        Err(error) => return garbled(error.to_string()),
    };
    match ack.error {
        Some(error) => refused(error),
        None if ack.stream.is_empty() || ack.seq == 0 => {
            garbled("an acknowledgement without stream and number".into())
        }
        None => Word::Stored,
    }
}

fn refused(ApiError { err_code, description }: ApiError) -> Word {
    let said: String = description.chars().take(TEXT_CHARS_MAX).collect();
    let setup = |words: &str| Word::NotNow(Trouble::Setup(format!("{words}: {said} ({err_code})")));
    match err_code {
        code::MESSAGE_TOO_LARGE | code::HEADERS_TOO_LARGE => Word::Never(format!("{said} ({err_code})")),
        code::NOT_STORED => setup("the stream stores nothing, perhaps it is full"),
        _ if code::NO_ROOM.contains(&err_code) => setup("the servers have no room for the stream"),
        _ => setup("the stream refuses"),
    }
}

/// The words on a batch as they come in.
#[derive(Debug)]
pub(super) struct Words {
    words: Vec<Option<Word>>,
    missing: usize,
}

impl Words {
    pub(super) fn of(messages: usize) -> Words {
        Words { words: vec![None; messages], missing: messages }
    }

    /// Notes the word on a message; a second one changes nothing.
    pub(super) fn note(&mut self, index: usize, word: Word) {
        if let Some(place @ None) = self.words.get_mut(index) {
            *place = Some(word);
            self.missing -= 1;
        }
    }

    pub(super) fn are_complete(&self) -> bool {
        self.missing == 0
    }

    /// What that means for the records. When none of them has a decision, it is what the first one met.
    pub(super) fn decisions(self) -> Result<Vec<Option<Decision>>, Trouble> {
        let mut trouble = None;
        let mut decide = |word: Option<Word>| match word? {
            Word::Stored => Some(Decision::Accepted { case_number: None }),
            Word::Never(reason) => Some(Decision::Rejected { reason }),
            Word::NotNow(why) => {
                trouble.get_or_insert(why);
                None
            }
        };
        let decisions: Vec<_> = self.words.into_iter().map(&mut decide).collect();
        match trouble {
            Some(trouble) if decisions.iter().all(Option::is_none) => Err(trouble),
            _ => Ok(decisions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u32, description: &str) -> Word {
        let text = format!(
            r#"{{"error": {{"code": 503, "err_code": {code}, "description": "{description}"}}, "stream": "P", "seq": 0}}"#
        );
        read(text.as_bytes())
    }

    #[test]
    fn only_a_number_in_a_stream_releases_a_record_and_it_may_have_been_there_before() {
        assert_eq!(read(br#"{"stream": "PATROL", "seq": 7}"#), Word::Stored);
        assert_eq!(
            read(br#"{"stream": "PATROL", "seq": 7, "duplicate": true, "domain": "x"}"#),
            Word::Stored
        );
        for other in ["", "{}", "+OK", r#"{"stream": "PATROL"}"#, r#"{"stream": "", "seq": 7}"#, "null"] {
            assert!(matches!(read(other.as_bytes()), Word::NotNow(Trouble::Garbled(_))), "{other}");
        }
    }

    #[test]
    fn what_is_too_large_will_never_fit_and_a_full_stream_is_said_to_be_full() {
        let too_large = error(10054, "message size exceeds maximum allowed");
        assert_eq!(too_large, Word::Never("message size exceeds maximum allowed (10054)".into()));
        let said = |word: Word| match word {
            Word::NotNow(trouble @ Trouble::Setup(_)) => trouble.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(said(error(10077, "maximum bytes exceeded")).contains("full: maximum bytes exceeded"));
        assert!(said(error(10047, "insufficient storage resources available")).contains("no room"));
        assert!(said(error(10109, "invalid operation on sealed stream")).contains("refuses"));
        assert!(
            said(no_stream("patrol.box-017.incident")).contains("no stream takes patrol.box-017.incident")
        );
    }

    #[test]
    fn a_batch_is_told_record_by_record_unless_none_of_it_is_decided() {
        let full = || Word::NotNow(Trouble::Setup("full".into()));
        let mut words = Words::of(3);
        words.note(2, full());
        words.note(0, Word::Stored);
        words.note(0, full());
        words.note(7, Word::Stored);
        assert!(!words.are_complete());
        words.note(1, Word::Never("too large".into()));
        assert!(words.are_complete());
        let decided = words.decisions().unwrap();
        let accepted = Some(Decision::Accepted { case_number: None });
        assert_eq!(decided, [accepted, Some(Decision::Rejected { reason: "too large".into() }), None]);

        let mut words = Words::of(2);
        words.note(0, full());
        words.note(1, Word::NotNow(Trouble::Deadline));
        assert_eq!(words.decisions(), Err(Trouble::Setup("full".into())));
    }
}
