use firmware_protocol::body::{CaseKind, FixType, Incident, RecordRef};
use firmware_protocol::{DegreesE7, List, Text};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{LARGEST_RECORD, STREETS, Sample, any_string, letters, record};
use crate::support::vectors;

/// A stall on the road, photographed just before.
pub(crate) fn typical_incident() -> Incident<'static> {
    Incident {
        category: 501,
        kind: CaseKind::EVENT,
        severity: 2,
        age_ms: 1500,
        fix: FixType::GNSS_3D,
        lat_e7: DegreesE7::new(311_270_000),
        lon_e7: DegreesE7::new(1_043_980_000),
        accuracy_dm: 45,
        fix_age_ms: 1800,
        operator: Text::new("op-118").unwrap(),
        stall_card: Text::new("DY-2207").unwrap(),
        description: Text::new("占道经营，已劝离").unwrap(),
        evidence: List::from_slice(&[RecordRef { boot: 7, seq: 811 }]).unwrap(),
    }
}

pub(crate) fn maximum_incident() -> Incident<'static> {
    Incident {
        category: u16::MAX,
        kind: CaseKind(u8::MAX),
        severity: u8::MAX,
        age_ms: u32::MAX,
        fix: FixType(u8::MAX),
        lat_e7: DegreesE7::new(i32::MIN),
        lon_e7: DegreesE7::new(i32::MIN),
        accuracy_dm: u16::MAX,
        fix_age_ms: u32::MAX,
        operator: letters(b'o'),
        stall_card: letters(b's'),
        description: Text::new(STREETS).unwrap(),
        evidence: List::from_slice(&[LARGEST_RECORD; 8]).unwrap(),
    }
}

pub(crate) type IncidentParts = ((u16, u8, u8, u32), (u8, i32, i32, u16, u32), [String; 3], Vec<(u32, u32)>);

pub(crate) fn any_incident_parts() -> impl Strategy<Value = IncidentParts> {
    let texts = [any_string(), any_string(), any_string()];
    (any::<(u16, u8, u8, u32)>(), any::<(u8, i32, i32, u16, u32)>(), texts, vec(any::<(u32, u32)>(), 0..=8))
}

pub(crate) fn incident_of((what, place, texts, evidence): &IncidentParts) -> Incident<'_> {
    let references: Vec<_> = evidence.iter().copied().map(record).collect();
    Incident {
        category: what.0,
        kind: CaseKind(what.1),
        severity: what.2,
        age_ms: what.3,
        fix: FixType(place.0),
        lat_e7: DegreesE7::new(place.1),
        lon_e7: DegreesE7::new(place.2),
        accuracy_dm: place.3,
        fix_age_ms: place.4,
        operator: Text::truncated(&texts[0]),
        stall_card: Text::truncated(&texts[1]),
        description: Text::truncated(&texts[2]),
        evidence: List::from_slice(&references).unwrap(),
    }
}

impl Sample for Incident<'static> {
    const VECTORS: &'static str = vectors::INCIDENT;

    fn typical() -> Self {
        typical_incident()
    }

    fn maximum() -> Self {
        maximum_incident()
    }

    fn any() -> BoxedStrategy<Self> {
        any_incident_parts().prop_map(|parts| incident_of(Box::leak(Box::new(parts)))).boxed()
    }
}
