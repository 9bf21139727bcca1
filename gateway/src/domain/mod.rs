//! The field's logic. Pure: no async, no I/O, no clock, no randomness; time and chance come as arguments.
//!
//! A payload becomes a [`report::Report`] or a [`admission::Rejection`]; an incident is attributed to the
//! person responsible for its place ([`geography::Geography`]) and carries the answer as
//! [`casework::Casework`].

pub mod access;
pub mod admission;
pub mod anchor;
pub mod attempts;
pub mod backoff;
pub mod bucket;
pub mod casework;
pub mod civil;
pub mod clock_quality;
pub mod codes;
pub mod coordinates;
pub mod evidence;
mod frame;
pub mod geo_check;
pub mod geography;
pub mod geotag;
pub mod grid;
pub mod journal;
mod json;
pub mod keyring;
pub mod loss;
pub mod mapping;
pub mod publication;
pub mod redaction;
pub mod registry;
pub mod report;
pub mod retention;
pub mod routing;
pub mod schedule;
pub mod seen;
pub mod topic;
pub(crate) mod varint;
pub mod verdict;
