use firmware_protocol::Text;
use firmware_protocol::body::{Ack, AckResult, RecordRef};
use proptest::prelude::*;

use super::{LARGEST_RECORD, Sample, any_record, any_text, letters};
use crate::support::vectors;

impl Sample for Ack<'static> {
    const VECTORS: &'static str = vectors::ACK;

    /// The platform has made a case of the typical incident.
    fn typical() -> Self {
        Self {
            record: RecordRef { boot: 7, seq: 812 },
            result: AckResult::ACCEPTED,
            case_number: Text::new("2026112300417").unwrap(),
        }
    }

    fn maximum() -> Self {
        Self { record: LARGEST_RECORD, result: AckResult(u8::MAX), case_number: letters(b'c') }
    }

    fn any() -> BoxedStrategy<Self> {
        let parts = (any_record(), any::<u8>(), any_text());
        parts
            .prop_map(|(record, result, case_number)| Self { record, result: AckResult(result), case_number })
            .boxed()
    }
}
