//! The field's logic. Pure: no async, no I/O, no clock, no randomness; time and chance come as arguments.
//!
//! A payload becomes a [`report::Report`] or a [`admission::Rejection`]; an incident is attributed to the
//! person responsible for its place ([`geography::Geography`]) and carries the answer as
//! [`casework::Casework`].

pub mod access;
pub mod admission;
pub mod anchor;
pub mod area;
pub mod attempts;
pub mod backoff;
pub mod bad_lines;
pub mod bucket;
pub mod calendar;
pub mod camera;
pub mod case_file;
pub mod casework;
pub mod city;
pub mod civil;
pub mod clock_quality;
pub mod codes;
pub mod coordinates;
pub mod csv;
pub mod disposal;
pub mod distance;
pub mod evidence;
pub mod findings;
mod frame;
pub mod geo_check;
pub mod geography;
pub mod geotag;
pub mod grid;
pub mod indicators;
pub mod journal;
mod json;
pub mod keyring;
pub mod loss;
pub mod mapping;
pub mod places;
mod plane;
pub mod points;
pub mod publication;
pub mod ranges;
pub mod redaction;
pub mod registry;
pub mod report;
pub mod retention;
pub mod rfc4180;
pub mod roster;
pub mod routing;
pub mod rules;
pub mod schedule;
pub mod seen;
pub mod stalls;
pub mod timetable;
pub mod topic;
pub mod tracks;
pub mod uplinks;
pub(crate) mod varint;
pub mod verdict;
