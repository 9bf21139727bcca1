//! The receipt: what the device that reported is told about its case.

use bytes::Bytes;
use serde::Serialize;

use crate::domain::report::{Class, Identity};
use crate::store::record::StoredRecord;
use crate::store::settlement::Decision;

use super::cloudevent::EventId;

#[derive(Serialize)]
struct Receipt<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    boot: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// The receipt for a settled record, as JSON; only incidents have one.
pub(super) fn receipt(record: &StoredRecord, decision: &Decision) -> Option<Bytes> {
    if record.class != Class::Incident {
        return None;
    }
    let (boot, seq) = match record.identity {
        Identity::Device { boot, seq } => (Some(boot), Some(seq)),
        Identity::Minted { .. } => (None, None),
    };
    let id = EventId { device: &record.device, identity: record.identity }.to_string();
    let receipt = match decision {
        Decision::Accepted { case_number } => {
            Receipt { id, boot, seq, result: "accepted", case: case_number.as_deref(), reason: None }
        }
        Decision::Rejected { reason } => {
            Receipt { id, boot, seq, result: "rejected", case: None, reason: Some(reason) }
        }
    };
    Some(serde_json::to_vec(&receipt).expect("a receipt has text keys and plain values only").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::DeviceId;

    fn record(identity: Identity) -> StoredRecord {
        StoredRecord {
            device: DeviceId::parse("car-07").unwrap(),
            identity,
            class: Class::Incident,
            received_at_ms: 0,
            payload: Bytes::new(),
            casework: None,
            gateway: None,
        }
    }

    fn text(record: &StoredRecord, decision: Decision) -> String {
        String::from_utf8(receipt(record, &decision).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_officer_is_told_the_case_number() {
        let accepted = Decision::Accepted { case_number: Some("AJ-2026-000123".into()) };
        assert_eq!(
            text(&record(Identity::Device { boot: 7, seq: 812 }), accepted),
            r#"{"id":"car-07/7/812","boot":7,"seq":812,"result":"accepted","case":"AJ-2026-000123"}"#
        );
    }

    #[test]
    fn a_rejection_says_why_and_a_minted_id_stands_alone() {
        let rejected = Decision::Rejected { reason: "unknown code".into() };
        assert_eq!(
            text(&record(Identity::Minted { run: 0x1_c0ff_ee42, number: 15 }), rejected),
            r#"{"id":"car-07/g1c0ffee42/15","result":"rejected","reason":"unknown code"}"#
        );
    }

    #[test]
    fn only_incidents_have_receipts() {
        let telemetry =
            StoredRecord { class: Class::Telemetry, ..record(Identity::Device { boot: 1, seq: 1 }) };
        assert_eq!(receipt(&telemetry, &Decision::Accepted { case_number: None }), None);
    }
}
