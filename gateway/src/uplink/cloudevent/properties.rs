//! The GeoJSON Feature inside an event, and its properties by class.
//!
//! Names and units are those of the device's JSON; what the gateway found out stands beside it under names of
//! its own.

use std::borrow::Cow;

use serde::Serialize;

use super::along::TrackFacts;
use super::geometry::Geometry;
use super::handling::{HandlingFacts, Told};
use super::when::{TimeFacts, When};
use super::{EventId, Moment};
use crate::domain::casework::{Assignment, Casework, CrossBoundary, DataVersions, GridFacts, Unassigned};
use crate::domain::clock_quality::Distrust;
use crate::domain::disposal::DisposalProof;
use crate::domain::geotag::{Freshness, Geotag, GeotagSource, JumpFacts, OwnFix};
use crate::domain::report::{
    Body, Crs, EvidenceMeta, Fix, FixType, Identity, Incident, Reading, Report, Status, TaskAck, Telemetry,
};
use crate::domain::stalls::StallCheck;
use crate::store::record::StoredRecord;

/// A GeoJSON Feature.
#[derive(Debug, Serialize)]
pub(super) struct Feature<'a> {
    r#type: &'static str,
    geometry: Option<Geometry>,
    properties: Properties<'a>,
}

/// What every class has, then the position's provenance, then the class's own.
#[derive(Debug, Serialize)]
struct Properties<'a> {
    device: &'a str,
    #[serde(flatten)]
    identity: IdentityFacts,
    #[serde(flatten)]
    time: TimeFacts,
    received_at: Moment,
    #[serde(flatten)]
    position: Option<PositionFacts>,
    #[serde(flatten)]
    body: BodyFacts<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum IdentityFacts {
    Device { boot: u32, seq: u32 },
    Minted { resends_recognised: bool },
}

#[derive(Debug, Serialize)]
struct PositionFacts {
    position_source: GeotagSource,
    position_freshness: Freshness,
    crs: Crs,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_type: Option<FixType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accuracy_m: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_age_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_vehicle: Option<Box<str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    position_interpolated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_jump: Option<JumpFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_position: Option<OwnFix>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum BodyFacts<'a> {
    Telemetry(Telemetry),
    Track(Box<TrackFacts>),
    Reading { readings: Vec<Reading<'a>> },
    Incident(Box<IncidentFacts<'a>>),
    Status(Status<'a>),
    Task(TaskAck<'a>),
    Evidence(Box<EvidenceMeta>),
}

#[derive(Debug, Serialize)]
struct IncidentFacts<'a> {
    #[serde(flatten)]
    incident: Incident<'a>,
    #[serde(flatten)]
    attribution: Option<AttributionFacts<'a>>,
}

/// What the gateway found out about an incident.
#[derive(Debug, Serialize)]
struct AttributionFacts<'a> {
    /// False for a code that is not in the gateway's table.
    code_known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_zh: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_en: Option<Cow<'a, str>>,
    assignment: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unassigned_because: Option<Unassigned>,
    #[serde(flatten)]
    grid: Option<GridFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_grid: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_boundary: Option<CrossBoundary<'a>>,
    #[serde(flatten)]
    handling: Option<HandlingFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stall: Option<StallCheck<'a>>,
    finding: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_disposed: Option<DisposalProof>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_untrusted: Option<Distrust>,
    data_versions: DataVersions<'a>,
}

impl<'a> Feature<'a> {
    /// The feature of a record, its payload as read, and the gateway's work on it; `None` for what is no event of its own.
    pub(super) fn of(
        (source, record): (&str, &'a StoredRecord),
        when: When,
        report: Report<'a>,
        casework: Option<Casework<'a>>,
    ) -> Option<Feature<'a>> {
        let geotag = match &casework {
            Some(casework) => casework.geotag.clone(),
            None => fix(&report.body).map(Geotag::of_device),
        };
        let geometry = match &report.body {
            Body::Track(track) => Some(Geometry::along(&track.points)),
            _ => geotag.as_ref().map(Geometry::of),
        };
        let id = EventId { device: &record.device, identity: record.identity };
        let properties = Properties {
            device: record.device.as_str(),
            identity: IdentityFacts::of(record.identity),
            time: when.facts(),
            received_at: Moment(record.received_at_ms),
            position: geotag.as_ref().map(PositionFacts::of),
            body: BodyFacts::of(report.body, when, casework, geometry.as_ref(), (source, id))?,
        };
        Some(Feature { r#type: "Feature", geometry, properties })
    }
}

fn fix<'b>(body: &'b Body<'_>) -> Option<&'b Fix> {
    match body {
        Body::Telemetry(telemetry) => telemetry.fix.as_ref(),
        Body::Track(track) => track.first.fix.as_ref(),
        Body::Incident(incident) => incident.fix.as_ref(),
        Body::EvidenceMeta(meta) => meta.fix.as_ref(),
        Body::Reading(_) | Body::Status(_) | Body::Task(_) | Body::EvidenceChunk(_) => None,
    }
}

impl IdentityFacts {
    fn of(identity: Identity) -> IdentityFacts {
        match identity {
            Identity::Device { boot, seq } => IdentityFacts::Device { boot, seq },
            Identity::Minted { .. } => IdentityFacts::Minted { resends_recognised: false },
        }
    }
}

impl PositionFacts {
    fn of(geotag: &Geotag) -> PositionFacts {
        PositionFacts {
            position_source: geotag.source,
            position_freshness: geotag.freshness,
            crs: geotag.crs,
            fix_type: geotag.fix_type,
            accuracy_m: geotag.accuracy_m,
            fix_age_ms: geotag.fix_age_ms,
            position_vehicle: geotag.vehicle.clone(),
            position_interpolated: geotag.interpolated,
            position_jump: geotag.jump,
            device_position: geotag.own_fix,
        }
    }
}

impl<'a> BodyFacts<'a> {
    fn of(
        body: Body<'a>,
        when: When,
        casework: Option<Casework<'a>>,
        geometry: Option<&Geometry>,
        (source, id): (&str, EventId<'a>),
    ) -> Option<BodyFacts<'a>> {
        Some(match body {
            Body::Telemetry(telemetry) => BodyFacts::Telemetry(telemetry),
            Body::Track(track) => BodyFacts::Track(Box::new(TrackFacts::of(&track, when.by_device()))),
            Body::Reading(readings) => BodyFacts::Reading { readings },
            Body::Status(status) => BodyFacts::Status(status),
            Body::Task(task) => BodyFacts::Task(task),
            Body::EvidenceMeta(meta) => BodyFacts::Evidence(Box::new(meta)),
            Body::EvidenceChunk(_) => return None,
            Body::Incident(incident) => {
                let place = (geometry, when.unix_ms());
                BodyFacts::Incident(Box::new(IncidentFacts::of(incident, casework, place, (source, id))))
            }
        })
    }
}

impl<'a> IncidentFacts<'a> {
    fn of(
        mut incident: Incident<'a>,
        casework: Option<Casework<'a>>,
        (geometry, unix_ms): (Option<&Geometry>, i64),
        (source, id): (&str, EventId<'a>),
    ) -> IncidentFacts<'a> {
        let Some(mut casework) = casework else { return IncidentFacts { incident, attribution: None } };
        let finding = match casework.finding.take() {
            Some(witness) => witness.first,
            None => id.to_string().into(),
        };
        let handling = casework.handling.take().map(|handling| {
            incident.severity = handling.severity.or(incident.severity);
            let told = Told {
                source,
                finding: &finding,
                kind: incident.kind.as_str(),
                code: &incident.code,
                names: casework.code.as_ref(),
                grid: casework.assignment.grid(),
                geometry: geometry.cloned(),
                unix_ms,
            };
            HandlingFacts::of(handling, &told)
        });
        IncidentFacts { incident, attribution: Some(AttributionFacts::of(casework, handling, finding)) }
    }
}

impl<'a> AttributionFacts<'a> {
    fn of(
        casework: Casework<'a>,
        handling: Option<HandlingFacts<'a>>,
        finding: Box<str>,
    ) -> AttributionFacts<'a> {
        let assignment = casework.assignment.as_str();
        let (grid, unassigned_because, candidates) = match casework.assignment {
            Assignment::Assigned { grid } => (Some(grid), None, Vec::new()),
            Assignment::Ambiguous { grid, candidates } => (Some(grid), None, candidates),
            Assignment::Unassigned { because, candidates } => (None, Some(because), candidates),
        };
        let (code_zh, code_en) = casework.code.map(|code| (code.zh, code.en)).unzip();
        AttributionFacts {
            code_known: code_zh.is_some(),
            code_zh,
            code_en,
            assignment,
            unassigned_because,
            grid,
            unit_grid: casework.unit_grid,
            candidates,
            cross_boundary: casework.cross_boundary,
            handling,
            stall: casework.stall,
            finding,
            self_disposed: casework.self_disposed,
            clock_untrusted: casework.clock_untrusted,
            data_versions: casework.data,
        }
    }
}
