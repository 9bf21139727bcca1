//! A stretch of positions in three ways: a message a point, packed lists of differences, and packed lists of what
//! our batch tells.

use firmware_protocol::body;
use firmware_protocol::track::TrackPoint;
use serde::{Deserialize, Serialize};

use super::Telemetry;

/// As most would write it: a list of points, each complete.
#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct TrackPoints {
    #[n(0)] #[prost(uint32, tag = 1)] age_ms: u32,
    #[n(1)] #[prost(message, optional, tag = 2)] first: Option<Telemetry>,
    #[n(2)] #[prost(message, repeated, tag = 3)] points: Vec<Point>,
}

#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Point {
    #[n(0)] #[prost(uint32, tag = 1)] elapsed_ms: u32,
    #[n(1)] #[prost(sfixed32, tag = 2)] lat_e7: i32,
    #[n(2)] #[prost(sfixed32, tag = 3)] lon_e7: i32,
    #[n(3)] #[prost(uint32, tag = 4)] speed_cm_s: u32,
    #[n(4)] #[prost(uint32, tag = 5)] heading_cdeg: u32,
    #[n(5)] #[prost(uint32, tag = 6)] accuracy_dm: u32,
}

impl From<TrackPoint> for Point {
    fn from(point: TrackPoint) -> Self {
        let TrackPoint { elapsed_ms, lat_e7, lon_e7, speed_cm_s, heading_cdeg, accuracy_dm } = point;
        Self {
            elapsed_ms,
            lat_e7: lat_e7.get(),
            lon_e7: lon_e7.get(),
            speed_cm_s: speed_cm_s.into(),
            heading_cdeg: heading_cdeg.into(),
            accuracy_dm: accuracy_dm.into(),
        }
    }
}

impl From<&body::TrackBatch> for TrackPoints {
    fn from(batch: &body::TrackBatch) -> Self {
        Self {
            age_ms: batch.age_ms,
            first: Some(Telemetry::from(&batch.first)),
            points: batch.points().skip(1).map(Point::from).collect(),
        }
    }
}

/// As a careful engineer would write it: a packed list a field, of differences to the point before.
#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct TrackDeltas {
    #[n(0)] #[prost(uint32, tag = 1)] age_ms: u32,
    #[n(1)] #[prost(message, optional, tag = 2)] first: Option<Telemetry>,
    #[n(2)] #[prost(uint32, repeated, tag = 3)] interval_ms: Vec<u32>,
    #[n(3)] #[prost(sint32, repeated, tag = 4)] lat_e7: Vec<i32>,
    #[n(4)] #[prost(sint32, repeated, tag = 5)] lon_e7: Vec<i32>,
    #[n(5)] #[prost(sint32, repeated, tag = 6)] speed_cm_s: Vec<i32>,
    #[n(6)] #[prost(sint32, repeated, tag = 7)] heading_cdeg: Vec<i32>,
    #[n(7)] #[prost(sint32, repeated, tag = 8)] accuracy_dm: Vec<i32>,
}

impl From<&body::TrackBatch> for TrackDeltas {
    fn from(batch: &body::TrackBatch) -> Self {
        let points: Vec<TrackPoint> = batch.points().collect();
        let differences =
            |of: fn(&TrackPoint) -> i32| points.windows(2).map(|pair| of(&pair[1]) - of(&pair[0])).collect();
        Self {
            age_ms: batch.age_ms,
            first: Some(Telemetry::from(&batch.first)),
            interval_ms: points.windows(2).map(|pair| pair[1].elapsed_ms - pair[0].elapsed_ms).collect(),
            lat_e7: differences(|point| point.lat_e7.get()),
            lon_e7: differences(|point| point.lon_e7.get()),
            speed_cm_s: differences(|point| point.speed_cm_s.into()),
            heading_cdeg: batch.steps.iter().map(|step| step.heading_change_cdeg).collect(), // the short way round
            accuracy_dm: differences(|point| point.accuracy_dm.into()),
        }
    }
}

/// What our batch tells, in packed lists: shows what is won by the format and what by telling changes of the step.
#[rustfmt::skip] // one line a field
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct TrackChanges {
    #[n(0)] #[prost(uint32, tag = 1)] age_ms: u32,
    #[n(1)] #[prost(message, optional, tag = 2)] first: Option<Telemetry>,
    #[n(2)] #[prost(sint32, repeated, tag = 3)] interval_change_ms: Vec<i32>,
    #[n(3)] #[prost(sint32, repeated, tag = 4)] lat_step_change_e7: Vec<i32>,
    #[n(4)] #[prost(sint32, repeated, tag = 5)] lon_step_change_e7: Vec<i32>,
    #[n(5)] #[prost(sint32, repeated, tag = 6)] speed_change_cm_s: Vec<i32>,
    #[n(6)] #[prost(sint32, repeated, tag = 7)] heading_change_cdeg: Vec<i32>,
    #[n(7)] #[prost(sint32, repeated, tag = 8)] accuracy_change_dm: Vec<i32>,
}

impl From<&body::TrackBatch> for TrackChanges {
    fn from(batch: &body::TrackBatch) -> Self {
        let column = |of: fn(&body::TrackStep) -> i32| batch.steps.iter().map(of).collect();
        Self {
            age_ms: batch.age_ms,
            first: Some(Telemetry::from(&batch.first)),
            interval_change_ms: column(|step| step.interval_change_ms),
            lat_step_change_e7: column(|step| step.lat_step_change_e7),
            lon_step_change_e7: column(|step| step.lon_step_change_e7),
            speed_change_cm_s: column(|step| step.speed_change_cm_s),
            heading_change_cdeg: column(|step| step.heading_change_cdeg),
            accuracy_change_dm: column(|step| step.accuracy_change_dm),
        }
    }
}
