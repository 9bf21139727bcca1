//! Patrol gateway, in the order a report meets its parts.

pub mod config;
pub mod domain;
pub mod store;

pub mod http;

pub mod app;
pub mod cli;

pub mod clock;
pub mod health;
pub mod metrics;
